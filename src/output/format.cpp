#include "output/format.h"

#include <algorithm>

#include "output/format/roster.h"

namespace mailvigil::output {

const Format* find_format(std::string_view name) {
    const auto formats = format::roster();
    const auto found = std::ranges::find(formats, name, &Format::name);
    return found == formats.end() ? nullptr : *found;
}

}  // namespace mailvigil::output
