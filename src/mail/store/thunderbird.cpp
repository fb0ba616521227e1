// A profile of Thunderbird or one of its kin. Mail/ and ImapMail/ hold mbox files (or Maildir
// folders), with subfolders in <folder>.sbd and the header list in <folder>.msf;
// global-messages-db.sqlite holds the text of all. The rest of a profile (settings, passwords, web
// caches) is no mail.
#include "mail/store/names.h"
#include "mail/store/roster.h"

namespace mailvigil::mail::store {

namespace {

constexpr std::string_view kSubfolders = ".sbd";
constexpr std::string_view kHeaders = ".msf";

/// `srv/Inbox` of `srv/Inbox/cur/1.eml`; empty: no Maildir folder.
std::string_view maildir_folder(std::string_view below) {
    for (const std::string_view messages : {"/cur/", "/tmp/", "/new/"}) {
        if (const std::size_t at = below.find(messages); at != std::string_view::npos) {
            return below.substr(0, at);
        }
    }
    return {};
}

std::optional<PlaceInStore> in_accounts(std::string_view below, bool directory) {
    const auto [parent, name] = split_last(below);
    if (const std::string_view folder = maildir_folder(below); !folder.empty()) {
        return PlaceInStore{directory ? ObjectKind::directory : ObjectKind::content, folder};
    }
    // An account's own directory is no mbox.
    if (directory || parent.empty() || name.ends_with(kSubfolders)) {
        return PlaceInStore{ObjectKind::directory, below};
    }
    if (name.ends_with(kHeaders)) {
        return PlaceInStore{ObjectKind::index, below.substr(0, below.size() - kHeaders.size())};
    }
    if (is_transient_name(name) || name.starts_with("nstmp")) {
        return PlaceInStore{ObjectKind::transient, parent};
    }
    if (name.ends_with(".dat") || name.ends_with(".html") || name.ends_with(".json") ||
        name.starts_with('.')) {
        return PlaceInStore{ObjectKind::control, parent};
    }
    // Copies of single messages for the desktop's search.
    if (name.ends_with(".wdseml") || name.ends_with(".mozeml")) {
        return PlaceInStore{ObjectKind::content, parent};
    }
    return PlaceInStore{ObjectKind::content, below};
}

std::optional<PlaceInStore> locate(std::string_view rest, bool directory) {
    const auto [head, below] = split_first(rest);
    if (head == "Mail" || head == "ImapMail") {
        return in_accounts(below, directory);
    }
    if (head.starts_with("global-messages-db.sqlite") && below.empty()) {
        return PlaceInStore{ObjectKind::index, kAnyFolder};
    }
    return {};
}

void name_folder(std::string_view folder, std::string& out) {
    for (std::size_t at = folder.find(".sbd/"); at != std::string_view::npos;
         at = folder.find(".sbd/")) {
        out += folder.substr(0, at);
        out += '/';
        folder.remove_prefix(at + std::string_view(".sbd/").size());
    }
    out += folder.ends_with(kSubfolders) ? folder.substr(0, folder.size() - kSubfolders.size())
                                         : folder;
}

}  // namespace

extern const StoreFormat thunderbird{
    .name = "thunderbird",
    .summary = "Thunderbird profile: Mail, ImapMail and the global index",
    .locate = locate,
    .name_folder = name_folder};

}  // namespace mailvigil::mail::store
