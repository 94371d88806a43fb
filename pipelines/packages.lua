-- packages.lua: which section of the archive does a Debian package belong to?
--
-- ./dev demo runs it on the packages of this machine, through the mock. On a real endpoint:
--   ./dev demo --set base_url=https://api.openai.com/v1 --set model=gpt-5.4-nano --set key="$OPENAI_API_KEY"
local s = require "sluice"

local work  = s.param("work", "../build/demo")
local model = s.param("model", "mock")

return s.pipeline {
  name = "packages",
  checkpoint = { dir = work .. "/checkpoint" },

  s.read { work .. "/packages.jsonl", key = "package" },

  s.validate { package = s.text { min = 1 }, description = s.text },

  s.pack {
    rows   = 20,
    system = "You sort Debian packages into the sections of the archive.",
    user   = "{{package}}: {{description}}",
    answer = {
      guess = s.one_of {
        "admin", "cli-mono", "comm", "database", "debug", "devel", "doc", "editors", "education",
        "electronics", "embedded", "fonts", "games", "gnome", "gnu-r", "gnustep", "graphics",
        "hamradio", "haskell", "httpd", "interpreters", "introspection", "java", "javascript", "kde",
        "kernel", "libdevel", "libs", "lisp", "localization", "mail", "math", "metapackages", "misc",
        "net", "news", "ocaml", "oldlibs", "otherosfs", "perl", "php", "python", "ruby", "rust",
        "science", "shells", "sound", "tasks", "tex", "text", "utils", "vcs", "video", "web", "x11",
        "xfce", "zope",
      },
    },
  },

  s.dispatch {
    s.openai {
      model           = model,
      base_url        = s.param("base_url", "http://127.0.0.1:8080/v1"),
      key             = s.param("key", ""),
      max_concurrency = s.param("max_concurrency", 8),
      price           = model == "mock" and { input = 0.20, output = 1.25 } or nil,
    },
  },

  s.sink { work .. "/answers.jsonl", keep = { "section" } },
}
