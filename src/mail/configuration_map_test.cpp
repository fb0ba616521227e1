#include "mail/configuration_map.h"

#include <gtest/gtest.h>

namespace mailvigil::mail {

namespace {

constexpr std::string_view kCatalogue = R"(bases:
  home: ["/home/{user}"]
transport_script_paths: [/etc/postfix/milter, /etc/mail/smrsh]
places:
  - {path: /etc/postfix/main.cf, software: postfix, role: configuration, activation: reload, means: all, severity: high}
  - {path: ~/.forward, software: forwarding, role: user_filter, activation: next delivery, means: all, severity: high}
)";

struct Loaded {
    ConfigurationMap map;
    std::string said;
};

Loaded load(std::string_view catalogue, const MailTransportScriptPath& scripts = {}) {
    Diagnostics diagnostics;
    const yaml::Node node = yaml::parse(catalogue, "c.yml", diagnostics);
    Loaded loaded{ConfigurationMap::load(node, "c.yml", scripts, diagnostics), {}};
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        loaded.said += render(diagnostic) + "\n";
    }
    return loaded;
}

TEST(configuration_map, script_paths_are_added_and_removed_by_the_setting) {
    MailTransportScriptPath scripts;
    scripts.add = {"/usr/local/bin/"};
    scripts.remove = {"/etc/mail/smrsh", "/etc/postfix/milter/test"};
    const Loaded loaded = load(kCatalogue, scripts);
    EXPECT_EQ(loaded.said, "");
    EXPECT_EQ(loaded.map.locate("/usr/local/bin/tag.sh")->role, ObjectRole::script);
    EXPECT_FALSE(loaded.map.locate("/etc/mail/smrsh/sh"));
    EXPECT_FALSE(loaded.map.locate("/etc/postfix/milter/test/x"));
    EXPECT_TRUE(loaded.map.locate("/etc/postfix/milter/x"));
    EXPECT_EQ(loaded.map.transport_script_paths(),
              (std::vector<std::string>{"/etc/postfix/milter", "/usr/local/bin/"}));
}

TEST(configuration_map, only_a_user_filter_names_a_user) {
    const Loaded loaded = load(kCatalogue);
    EXPECT_EQ(loaded.map.locate("/home/bob/.forward")->user, "bob");
    EXPECT_EQ(loaded.map.locate("/etc/postfix/main.cf")->user, "");
}

TEST(configuration_map, temporary_names_are_known) {
    for (const char* name : {"main.cf.tmp",
                             "sedA1b2C3",
                             "4913",
                             "main.cf~",
                             ".main.cf.swp",
                             "main.cf.dpkg-new",
                             "#main.cf#",
                             ".#override.conf12ab",
                             ".ansible_tmpx",
                             "x.ucf-dist"}) {
        EXPECT_TRUE(is_temporary_name(name)) << name;
    }
    for (const char* name : {"main.cf",
                             "sed-rules",
                             "sender",
                             "sedation.cf",
                             "4914",
                             ".forward",
                             "tmp",
                             "virtual.db",
                             "v.bak"}) {
        EXPECT_FALSE(is_temporary_name(name)) << name;
    }
}

TEST(configuration_map, what_is_wrong_is_said_with_its_place_and_a_suggestion) {
    MailTransportScriptPath scripts;
    scripts.add = {"usr/local/bin"};
    scripts.remove = {"etc/mail/smrsh"};
    const Loaded loaded = load(R"(transport_script_paths: [/etc/mail/smrsh]
places:
  - {path: /a, software: a, role: scrpt, activation: x, means: x, severity: hig}
  - {path: [/b, /b], software: b, role: map, activation: x, means: x, severity: low}
  - {path: "{home}/c", software: c, role: map, means: x, severity: low}
)",
                               scripts);
    EXPECT_EQ(loaded.said,
              "c.yml:3:29: unknown role \"scrpt\"; did you mean \"script\"?\n"
              "c.yml:3:67: unknown severity \"hig\"; did you mean \"high\"?\n"
              "c.yml:4:17: path /b is given twice; remove one\n"
              "c.yml:5:5: \"activation\" is missing\n"
              "c.yml:5:12: path \"{home}/c\" starts with the unknown base {home}\n"
              "MailTransportScriptPath: path pattern \"usr/local/bin/**\" is no absolute path "
              "without empty parts, \".\" and \"..\"\n"
              "MailTransportScriptPath: cannot remove \"etc/mail/smrsh\": neither a path nor one "
              "of the catalogue's; did you mean "
              "\"/etc/mail/smrsh\"?\n");
}

}  // namespace

}  // namespace mailvigil::mail
