// Exim's spool (Exim specification, ch. 56): input/<id>-D is the body, -H envelope and headers, -J
// the journal of a delivery; msglog/<id> names the recipients; scan/<id>/ is the copy that content
// scanners see. Hint databases are no mail.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

ObjectKind kind_in_input(std::string_view name) {
    if (name.starts_with("hdr.") || name.ends_with("-J")) {
        return ObjectKind::transient;
    }
    const bool message = name.ends_with("-D") || name.ends_with("-H") || name.ends_with("-K");
    return message ? ObjectKind::content : ObjectKind::directory;
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    if (rest.empty()) {
        return PlaceInStore{ObjectKind::directory, {}};
    }
    auto [stage, below] = split_first(rest);
    if (stage != "input" && stage != "msglog" && stage != "scan") {
        // A named queue has the same folders one level deeper.
        const auto [inner, deeper] = split_first(below);
        if (inner != "input" && inner != "msglog") {
            return {};
        }
        stage = inner;
        below = deeper;
    }
    if (directory || below.empty()) {
        return PlaceInStore{ObjectKind::directory, stage};
    }
    if (stage == "scan") {
        return PlaceInStore{ObjectKind::content, stage};
    }
    if (stage == "msglog") {
        return PlaceInStore{ObjectKind::index, stage};
    }
    return PlaceInStore{kind_in_input(split_last(below).tail), stage};
}

}  // namespace

extern const StoreFormat exim_queue{
    .name = "exim_queue", .summary = "Exim spool: input, msglog and scan", .locate = locate};

}  // namespace mailvigil::mail::store
