// socat(1) addresses: `TYPE:value:value,option,...`; `-` and a bare path stand for types, too.
#pragma once

#include <string_view>

#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

struct AddressReading {
    const Effect* effect =
        nullptr;             ///< borrowed from the tool; null: a type that it does not describe
    std::string_view value;  ///< without type and options
};

AddressReading find_address(const Tool& tool, std::string_view text);

}  // namespace mailvigil::detect::command
