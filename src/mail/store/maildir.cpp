// Maildir: one file a message in cur/, new/ or tmp/ (maildir(5)). Maildir++ keeps folders beside
// them as `.A.B`, Dovecot's LAYOUT=fs as `A/B`; indexes, uid lists and access lists lie in the
// folder they are of.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

bool is_message_folder(std::string_view name) {
    return name == "cur" || name == "new" || name == "tmp";
}

/// A message being written to tmp/ is a message all the same: what reads it there reads mail.
std::optional<PlaceInStore> in_message_folder(std::string_view folder,
                                              std::string_view below,
                                              bool directory) {
    if (below.empty() || directory) {
        return PlaceInStore{ObjectKind::directory, folder};
    }
    const bool transient = is_transient_name(split_last(below).tail);
    return PlaceInStore{transient ? ObjectKind::transient : ObjectKind::content, folder};
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    std::size_t start = 0;
    while (start < rest.size()) {
        const auto [name, below] = split_first(rest.substr(start));
        if (is_message_folder(name)) {
            return in_message_folder(rest.substr(0, start == 0 ? 0 : start - 1), below, directory);
        }
        start += name.size() + 1;
    }
    const auto [parent, name] = split_last(rest);
    if (const auto folder = before_index(rest)) {
        return PlaceInStore{ObjectKind::index, *folder};
    }
    if (directory || rest.empty()) {
        return PlaceInStore{ObjectKind::directory, rest};
    }
    if (is_transient_name(name)) {
        return PlaceInStore{ObjectKind::transient, parent};
    }
    // `.Sent` without more is a folder, whatever the source says of it.
    if (parent.empty() && name.starts_with('.') && !is_control_name(name)) {
        return PlaceInStore{ObjectKind::directory, name};
    }
    return PlaceInStore{ObjectKind::control, parent};
}

void name_folder(std::string_view folder, std::string& out) {
    if (!folder.starts_with('.')) {
        out += folder;
        return;
    }
    for (const char c : folder.substr(1)) {
        out += c == '.' ? '/' : c;
    }
}

}  // namespace

extern const StoreFormat maildir{
    .name = "maildir",
    .summary = "Maildir and Maildir++: one file a message in cur, new and tmp",
    .locate = locate,
    .name_folder = name_folder};

}  // namespace mailvigil::mail::store
