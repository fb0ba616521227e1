#include "house/reference.h"

#include <fmt/format.h>

#include <string_view>

#include "event/event.h"

namespace mailvigil::house {

namespace {

std::string_view type_name(FieldType type) {
    switch (type) {
        case FieldType::text:
            return "text";
        case FieldType::texts:
            return "texts";
        case FieldType::number:
            return "number";
        case FieldType::integer:
            return "integer";
        case FieldType::address:
            return "address";
        case FieldType::time:
            return "time";
    }
    return "";
}

std::string code(std::string_view name) {
    return name.empty() ? std::string() : fmt::format("`{}`", name);
}

}  // namespace

std::string field_reference() {
    std::string page =
        "# Fields\n\n"
        "Written from `src/event/fields.def` by `tests/house/reference.cpp`; `MAILVIGIL_UPDATE=1 "
        "ctest --preset dev -R "
        "reference` writes it\nagain. The name is the one of the Elastic Common Schema (ECS); "
        "names of our own stand "
        "under `mailvigil.`. `texts` is a list of\ntext, `number` is unsigned, `integer` "
        "signed.\n\n"
        "| name (ECS) | type | unit | Sigma | OCSF | meaning | in the code |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const FieldRow& row : field_rows()) {
        page += fmt::format("| `{}` | {} | {} | {} | {} | {} | `{}` |\n",
                            row.ecs,
                            type_name(row.type),
                            row.unit,
                            code(row.sigma),
                            code(row.ocsf),
                            row.meaning,
                            row.name);
    }
    return page;
}

}  // namespace mailvigil::house
