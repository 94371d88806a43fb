// A row's key (core/row.h, invariant 2).
#pragma once

#include <simdjson.h>

#include <string>

#include "core/row.h"

namespace sluice::stages {

// Keys `row` by its content: for rows that are not even JSON.
void key_by_content(core::Row& row);

// Keys `row` by the text of `key_field` of `object` (the row's parsed bytes), or by content when
// `key_field` is empty. Returns what is wrong when the field is missing or neither text nor a
// number; the row is then keyed by content.
std::string assign_key(core::Row& row, const simdjson::dom::object& object,
                       const std::string& key_field);

// "it has: id, text", for people: the first of the fields' names.
std::string fields_of(const simdjson::dom::object& object);

}  // namespace sluice::stages
