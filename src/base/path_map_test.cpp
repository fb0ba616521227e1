#include "base/path_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace mailvigil {

namespace {

PathMap map_of(const std::vector<std::string>& patterns) {
    PathMap map;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) {
        const auto added = map.add(patterns[i], i);
        EXPECT_TRUE(added) << added.error().message;
    }
    return map;
}

/// "pattern name=value... root|rest", or "none".
std::string found(const std::vector<std::string>& patterns, std::string_view path) {
    const PathMap map = map_of(patterns);
    const auto match = map.find(path);
    if (!match) {
        return "none";
    }
    std::string text = patterns[match->value];
    for (std::size_t i = 0; i < match->capture_count; ++i) {
        text += fmt::format(" {}={}", match->captures[i].name, match->captures[i].value);
    }
    return text + fmt::format(" {}|{}", match->root, match->rest);
}

std::string refusal(std::string_view pattern) {
    PathMap map;
    const auto added = map.add(pattern, 0);
    return added ? "accepted" : added.error().message;
}

std::string normalised(std::string_view directory, std::string_view path) {
    std::string out = "kept:";
    normalise_path(directory, path, out);
    return out.substr(5);
}

TEST(path_map, a_literal_matches_itself_only) {
    EXPECT_EQ(found({"/var/mail"}, "/var/mail"), "/var/mail /var/mail|");
    for (const char* path :
         {"/var", "/var/mai", "/var/mails", "/var/mail/bob", "/", "", "var/mail", "/mail"}) {
        EXPECT_EQ(found({"/var/mail"}, path), "none") << path;
    }
}

TEST(path_map, a_subtree_matches_its_root_and_everything_below) {
    EXPECT_EQ(found({"/srv/m/**"}, "/srv/m"), "/srv/m/** /srv/m|");
    EXPECT_EQ(found({"/srv/m/**"}, "/srv/m/a/b"), "/srv/m/** /srv/m|a/b");
    EXPECT_EQ(found({"/srv/m/**"}, "/srv/mm/a"), "none");
    EXPECT_EQ(found({"/**"}, "/"), "/** /|");
    EXPECT_EQ(found({"/**"}, "/etc/passwd"), "/** /|etc/passwd");
}

TEST(path_map, the_root_is_a_path_like_any_other) {
    EXPECT_EQ(found({"/"}, "/"), "/ /|");
    EXPECT_EQ(found({"/"}, "/x"), "none");
    EXPECT_EQ(found({"/{x}"}, "/"), "none");
}

TEST(path_map, captures_take_one_component_with_what_stands_around_them) {
    EXPECT_EQ(found({"/home/{user}/Maildir/**"}, "/home/bob/Maildir/cur/1"),
              "/home/{user}/Maildir/** user=bob /home/bob/Maildir|cur/1");
    EXPECT_EQ(found({"/v/user-{id}.d"}, "/v/user-17.d"), "/v/user-{id}.d id=17 /v/user-17.d|");
    for (const char* path : {"/v/user-.d", "/v/user-.", "/v/user-17", "/v/us", "/v/user-1/7.d"}) {
        EXPECT_EQ(found({"/v/user-{id}.d"}, path), "none") << path;
    }
    EXPECT_EQ(found({"/v/{d}/{u}"}, "/v/example.org/bob"),
              "/v/{d}/{u} d=example.org u=bob /v/example.org/bob|");
}

TEST(path_map, a_capture_may_ask_its_text_to_match_a_glob) {
    EXPECT_EQ(found({"/v/{d:*.*}/{u}"}, "/v/example.org/bob"),
              "/v/{d:*.*}/{u} d=example.org u=bob /v/example.org/bob|");
    EXPECT_EQ(found({"/v/{d:*.*}/{u}"}, "/v/example/bob"), "none");
}

TEST(path_map, a_glob_behind_a_capture_leaves_the_longest_capture) {
    EXPECT_EQ(found({"/v/{u}-20*"}, "/v/bob-2001-2023.01.02"),
              "/v/{u}-20* u=bob-2001 /v/bob-2001-2023.01.02|");
    EXPECT_EQ(found({"/v/{u}-20*"}, "/v/-2023"), "none");
    EXPECT_EQ(found({"/v/{u}-20*"}, "/v/" + std::string(100'000, '-')), "none");
}

TEST(path_map, literal_comes_before_glob_before_capture_whatever_the_order_of_adding) {
    EXPECT_EQ(found({"/m/{u}", "/m/*.x", "/m/a.x"}, "/m/a.x"), "/m/a.x /m/a.x|");
    EXPECT_EQ(found({"/m/{u}", "/m/*.x"}, "/m/b.x"), "/m/*.x /m/b.x|");
    EXPECT_EQ(found({"/m/{u}", "/m/*.x"}, "/m/b"), "/m/{u} u=b /m/b|");
    EXPECT_EQ(found({"/m/*", "/m/*.x"}, "/m/b.x"), "/m/*.x /m/b.x|");
    EXPECT_EQ(found({"/m/{u}", "/m/{u}.lock"}, "/m/b.lock"), "/m/{u}.lock u=b /m/b.lock|");
}

TEST(path_map, an_earlier_literal_wins_over_a_deeper_pattern) {
    EXPECT_EQ(found({"/*/b/c/d", "/a/**"}, "/a/b/c/d"), "/a/** /a|b/c/d");
}

TEST(path_map, a_deeper_pattern_wins_among_equals_and_the_exact_one_over_the_subtree) {
    EXPECT_EQ(found({"/a/**", "/a/b/**"}, "/a/b/c"), "/a/b/** /a/b|c");
    EXPECT_EQ(found({"/a/**", "/a/{u}"}, "/a/b"), "/a/{u} u=b /a/b|");
    EXPECT_EQ(found({"/a/**", "/a/{u}"}, "/a/b/c"), "/a/** /a|b/c");
    EXPECT_EQ(found({"/a/**", "/a"}, "/a"), "/a /a|");
}

TEST(path_map, a_dead_end_goes_back_and_forgets_its_captures) {
    EXPECT_EQ(found({"/h/{a}/{b}/x", "/h/{c}/y"}, "/h/1/y"), "/h/{c}/y c=1 /h/1/y|");
    EXPECT_EQ(found({"/h/mail/{a}/x", "/h/{c}/{d}/y"}, "/h/mail/2/y"),
              "/h/{c}/{d}/y c=mail d=2 /h/mail/2/y|");
}

TEST(path_map, the_same_pattern_again_replaces_its_value) {
    PathMap map = map_of({"/a/{u}", "/a/{u}"});
    EXPECT_EQ(map.find("/a/x")->value, 1U);
    EXPECT_EQ(map.find("/a/x")->capture("u"), "x");
    EXPECT_EQ(map.find("/a/x")->capture("v"), "");
}

TEST(path_map, empty_components_match_nothing) {
    EXPECT_EQ(found({"/a/{u}/b"}, "/a//b"), "none");
    EXPECT_EQ(found({"/a/*/b"}, "/a//b"), "none");
    EXPECT_EQ(found({"/a"}, "/a/"), "none");
}

TEST(path_map, limits_hold_at_the_maximum_and_refuse_one_more) {
    std::string pattern;
    std::string path;
    for (std::size_t i = 0; i < PathMap::kCapturesMax; ++i) {
        pattern += fmt::format("/{{c{}}}", i);
        path += "/x";
    }
    EXPECT_EQ(refusal(pattern), "accepted");
    EXPECT_NE(found({pattern}, path), "none");
    EXPECT_EQ(refusal(pattern + "/{last}"),
              "path pattern \"" + pattern + "/{last}\" has more than 4 captures");

    std::string deep;
    for (std::size_t i = 0; i < PathMap::kDepthMax; ++i) {
        deep += "/*";
    }
    std::string deep_path;
    for (std::size_t i = 0; i < PathMap::kDepthMax; ++i) {
        deep_path += "/y";
    }
    EXPECT_EQ(refusal(deep), "accepted");
    EXPECT_NE(found({deep + "/**"}, deep_path + "/z/z"), "none");
    EXPECT_NE(refusal(deep + "/x").find("more than 64 parts"), std::string::npos);
}

TEST(path_map, a_misspelt_pattern_is_refused_with_a_reason) {
    const struct {
        const char* pattern;
        const char* reason;
    } kRows[] = {
        {"var/mail", "no absolute path"},
        {"", "no absolute path"},
        {"/a//b", "no absolute path"},
        {"/a/", "no absolute path"},
        {"/a/../b", "no absolute path"},
        {"/a/**/b", "elsewhere than at its end"},
        {"/a/b**", "elsewhere"},
        {"/a/{u", "brace too many or too few"},
        {"/a/u}", "brace too many"},
        {"/a/{u}{v}", "brace too many"},
        {"/a/{}", "without a name"},
        {"/a/{u:}", "nothing behind its colon"},
        {"/a/*{u}", "wildcard before"},
        {"/a/{u}/{u}", "names {u} twice"},
    };

    for (const auto& row : kRows) {
        EXPECT_NE(refusal(row.pattern).find(row.reason), std::string::npos)
            << row.pattern << ": " << refusal(row.pattern);
    }
}

TEST(path_map, hostile_depth_costs_no_stack_and_no_match_beyond_the_trie) {
    std::string path = "/m";
    for (int i = 0; i < 2'000; ++i) {
        path += "/x";
    }
    EXPECT_EQ(found({"/m/{a}/{b}/q", "/m/*/*/*/q"}, path), "none");
    EXPECT_EQ(found({"/m/**"}, path), "/m/** /m|" + path.substr(3));
}

TEST(path_map, a_moved_map_still_answers) {
    PathMap map = map_of({"/a/{u}"});
    const PathMap moved = std::move(map);
    EXPECT_EQ(moved.find("/a/x")->captures[0].name, "u");
}

TEST(normalise_path, joins_and_cleans) {
    const struct {
        const char* directory;
        const char* path;
        const char* expected;
    } kRows[] = {
        {"/home/bob", "Maildir/cur", "/home/bob/Maildir/cur"},
        {"/home/bob", "/var//mail/./bob/", "/var/mail/bob"},
        {"/home/bob", "../alice/../../var/mail", "/var/mail"},
        {"/", "../../x", "/x"},
        {"/a", "..", "/"},
        {"", "x", "/x"},
        {"a/b", "./c", "/a/b/c"},
        {"/a", "", "/a"},
        {"", "", "/"},
        {"/a", "...", "/a/..."},
    };

    for (const auto& row : kRows) {
        EXPECT_EQ(normalised(row.directory, row.path), row.expected)
            << row.directory << " + " << row.path;
        EXPECT_TRUE(is_normal_path(row.expected)) << row.expected;
    }
}

TEST(normalise_path, knows_a_normal_path) {
    for (const char* path : {"/", "/a", "/a/b", "/.a", "/a/..b", "/..."}) {
        EXPECT_TRUE(is_normal_path(path)) << path;
        EXPECT_EQ(normalised("/x", path), path);
    }
    for (const char* path : {"", "a", "//", "/a/", "/a//b", "/.", "/a/..", "/a/./b"}) {
        EXPECT_FALSE(is_normal_path(path)) << path;
    }
}

}  // namespace

}  // namespace mailvigil
