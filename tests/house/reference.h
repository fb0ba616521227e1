// The pages of docs/ that are written from the program's own tables.
#pragma once

#include <string>

namespace mailvigil::house {

/// docs/fields.md, from event/fields.def.
std::string field_reference();

}  // namespace mailvigil::house
