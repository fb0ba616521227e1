#include "mail/store_map.h"

#include <gtest/gtest.h>

namespace mailvigil::mail {

namespace {

constexpr std::string_view kCatalogue = R"(bases:
  home: ["/home/{user}", {path: /root, owner: root}]
  client: [~/.client]
stores:
  - {path: "/var/mail/{user}", format: mbox, software: system mailbox}
  - {path: [~/Maildir/**, "{client}/mail/**"], format: maildir, software: home mailbox}
)";

struct Loaded {
    StoreMap map;
    std::string said;

    [[nodiscard]] std::string mailbox(std::string_view path) const {
        const auto place = map.locate(path, false);
        return place ? place->mailbox() : "none";
    }
};

Loaded load(std::string_view catalogue, const WatchedMailDirs& watched = {}) {
    Diagnostics diagnostics;
    const yaml::Node node = yaml::parse(catalogue, "stores.yml", diagnostics);
    Loaded loaded{StoreMap::load(node, "stores.yml", watched, diagnostics), {}};
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        loaded.said += render(diagnostic) + "\n";
    }
    return loaded;
}

TEST(store_map, bases_are_multiplied_out_and_bring_their_owner) {
    const Loaded loaded = load(kCatalogue);
    EXPECT_EQ(loaded.said, "");
    EXPECT_EQ(loaded.map.size(), 5U);
    EXPECT_EQ(loaded.mailbox("/home/bob/Maildir/cur/1"), "bob");
    EXPECT_EQ(loaded.mailbox("/root/.client/mail/cur/1"), "root");
}

TEST(store_map, a_watched_directory_is_mail_with_all_that_lies_below_it) {
    WatchedMailDirs watched;
    watched.add.push_back({.path = "/srv/export/",
                           .format = {},
                           .software = {},
                           .owner = {},
                           .folder = {},
                           .written = {}});
    watched.add.push_back({.path = "/data/{user}/md",
                           .format = "maildir",
                           .software = {},
                           .owner = {},
                           .folder = {},
                           .written = {}});
    const Loaded loaded = load(kCatalogue, watched);
    EXPECT_EQ(loaded.said, "");
    EXPECT_EQ(loaded.mailbox("/srv/export/2026/all.tar"), "/srv/export");
    EXPECT_EQ(loaded.map.locate("/srv/export/2026/all.tar", false)->software, "watched directory");
    EXPECT_EQ(loaded.mailbox("/data/bob/md/new/1"), "bob");
    EXPECT_EQ(loaded.mailbox("/srv/exports/x"), "none");
}

TEST(store_map, a_watched_directory_overrides_the_catalogue) {
    WatchedMailDirs watched;
    watched.add.push_back({.path = "/home/{user}/Maildir",
                           .format = "opaque",
                           .software = "ours",
                           .owner = {},
                           .folder = {},
                           .written = {}});
    const Loaded loaded = load(kCatalogue, watched);
    EXPECT_EQ(loaded.map.size(), 5U);
    EXPECT_EQ(loaded.map.locate("/home/bob/Maildir/cur/1", false)->software, "ours");
}

TEST(store_map, remove_takes_a_pattern_of_the_catalogue_or_a_subtree) {
    WatchedMailDirs watched;
    watched.remove = {"~/Maildir/**", "/var/mail/list-archive", "~/.client/mail/drafts/"};
    const Loaded loaded = load(kCatalogue, watched);
    EXPECT_EQ(loaded.said, "");
    EXPECT_EQ(loaded.mailbox("/home/bob/Maildir/cur/1"), "none");
    EXPECT_EQ(loaded.mailbox("/var/mail/list-archive"), "none");
    EXPECT_EQ(loaded.mailbox("/var/mail/bob"), "bob");
    EXPECT_EQ(loaded.mailbox("/home/bob/.client/mail/drafts/cur/1"), "none");
    EXPECT_EQ(loaded.mailbox("/home/bob/.client/mail/cur/1"), "bob");
}

TEST(store_map, what_is_wrong_is_said_with_its_place_and_a_suggestion) {
    const Loaded loaded = load(R"(bases:
  home: ["/home/{user}", home/x]
stores:
  - {path: /a, format: maildirs, software: a}
  - {path: "/b/{usr}", format: mbox, software: b}
  - {path: "{hme}/c", format: mbox, software: c}
  - {path: /d, format: mbox, softwear: d}
  - {path: [/e, /e], format: mbox, software: e}
  - {format: mbox, software: f}
)");
    EXPECT_EQ(
        loaded.said,
        "stores.yml:2:26: \"home/x\" must be an absolute path below /, without a slash at its end\n"
        "stores.yml:4:12: unknown format \"maildirs\" of /a; did you mean \"maildir\"?\n"
        "stores.yml:5:12: path /b/{usr} has the unknown capture {usr}; did you mean \"user\"?\n"
        "stores.yml:6:12: path \"{hme}/c\" starts with the unknown base {hme}; did you mean "
        "\"home\"?\n"
        "stores.yml:7:5: \"software\" is missing\n"
        "stores.yml:7:30: unknown setting \"softwear\"; did you mean \"software\"?\n"
        "stores.yml:8:17: path /e is given twice; remove one\n"
        "stores.yml:9:5: \"path\" is missing\n");
    EXPECT_EQ(loaded.map.size(), 2U);
}

TEST(store_map, a_removal_that_is_no_path_is_said) {
    WatchedMailDirs watched;
    watched.remove = {"var/mail/{user}"};
    EXPECT_EQ(load(kCatalogue, watched).said,
              "WatchedMailDirs: cannot remove \"var/mail/{user}\": neither a path nor a pattern of "
              "the catalogue; did you mean "
              "\"/var/mail/{user}\"?\n");
}

}  // namespace

}  // namespace mailvigil::mail
