// How an argument's value names files: curl's @f, name=@f and {a,b}, lists, header look-alikes.
#pragma once

#include <string_view>
#include <vector>

#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

/// What a value turned out to be. Views are into the value.
struct FormReading {
    std::vector<std::string_view> files;
    bool standard_input = false;
    bool content = false;           ///< the value is content itself
    std::size_t content_bytes = 0;  ///< how much of it could be content: see Effect::long_bytes
};

FormReading read_form(Form form, std::string_view value);

/// `-`, /dev/stdin and its other names.
bool is_standard_input(std::string_view name);

/// `-`, /dev/stdout and its other names.
bool is_standard_output(std::string_view name);

}  // namespace mailvigil::detect::command
