// AWS keys from the surroundings that a machine runs in, and their refresh: the endpoint that ECS and
// EKS give a container, and EC2's metadata service in its second version (three requests). Without
// I/O.
//
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "auth/token_source.h"

namespace sluice::auth {

// Keys that cannot stand in a header are refused; `where` is for people.
TokenStep checked_aws_keys(Token keys, std::string_view where);

// `url`: the whole address. `authorization` is asked each time, since the file that has it is
// renewed; empty: none is sent.
std::unique_ptr<TokenSource> container_aws_keys(std::string url,
                                                std::function<core::Secret()> authorization);

// `base_url`: "http://169.254.169.254". `looked_for`: where else keys were looked for, for the error
// when no metadata service answers.
std::unique_ptr<TokenSource> ec2_aws_keys(std::string base_url, std::string looked_for);

}  // namespace sluice::auth
