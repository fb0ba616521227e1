#include "mail/store_format.h"

#include <array>

namespace mailvigil::mail {

std::string_view to_text(ObjectKind kind) {
    static constexpr std::array<std::string_view, 5> kNames = {
        "content", "index", "control", "directory", "transient"};
    return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace mailvigil::mail
