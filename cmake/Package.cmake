# What is installed, and the Debian package of it. `./dev package` also makes the archive and the wheel, from the
# tree that `cmake --install build/portable` lays down.
include(GNUInstallDirs)
install(TARGETS sluice RUNTIME)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")
install(DIRECTORY pipelines/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/pipelines FILES_MATCHING PATTERN "*.lua")
install(FILES ${SLUICE_UPLOT}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR}/licenses RENAME uPlot OPTIONAL)  # it is inside
# For editors: point the Lua language server's workspace.library here.
install(FILES docs/sluice.meta.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice)
# What a target of the build has made for share/, under the names that shells and man look for:
# bash-completion/completions/sluice, zsh/vendor-completions/_sluice (Debian's; zsh/site-functions elsewhere),
# fish/vendor_completions.d/sluice.fish, man/man1/sluice.1.
install(DIRECTORY ${PROJECT_BINARY_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR} OPTIONAL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The sluice developers <sluice@localhost>")  # an address is wanted; there is none
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Runs a language model over millions of rows")
set(CPACK_PACKAGE_DESCRIPTION "A job is a Lua file: rows from files or standard input, questions to one or several endpoints as fast as their quotas allow,
 inside a budget and a deadline, answers in a file. It resumes after Ctrl-C, a crash or a power cut, and never pays twice for the same row.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # dpkg-shlibdeps finds the packages of the shared libraries, with versions
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libpq5, librdkafka1")  # loaded when s.postgres or s.kafka wants it
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
include(CPack)
