// Limits, hostile argv, and what a bad grammar file says of itself. What the shipped grammars say
// is in testdata/command_line.
#include "detect/command_line.h"

#include <gtest/gtest.h>

#include "detect/command/argument_parser.h"
#include "detect/command/inline_script.h"
#include "detect/command/use_builder.h"

namespace mailvigil::detect {

namespace {

constexpr std::string_view kSender = R"(tool: send
names: [send, "send-*"]
act: download
needs: destination
operands: [destination]
options:
  -T --upload: {is: source, act: upload}
  -c: {is: script}
  -k: commands
  -H: {is: text, long: 8}
values: -x
markers:
  - {text: socket, act: upload}
commands:
  put: {act: upload, operands: [source...]}
)";

std::string add(CommandTable& table, std::string_view text) {
    Diagnostics diagnostics;
    table.add(yaml::parse(text, "t.yml", diagnostics), "t.yml", diagnostics);
    std::string said;
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        said += render(diagnostic) + "\n";
    }
    return said;
}

std::vector<CommandUse> analyse(const std::vector<std::string>& words) {
    CommandTable table;
    EXPECT_EQ(add(table, kSender), "");
    const std::vector<std::string_view> args(words.begin(), words.end());
    std::vector<CommandUse> uses = table.analyse({"/usr/bin/send", args, {}});
    for (CommandUse& use : uses) {
        use.tool = "send";  // the table ends here
    }
    return uses;
}

TEST(command_line, bad_grammars_name_place_and_suggestion) {
    struct Row {
        std::string_view text;
        std::string_view expected;
    };

    const Row rows[] = {
        {"names: [x]\n", "t.yml:1:1: \"tool\" is missing\n"},
        {"tool: x\noprands: y\n",
         "t.yml:2:1: unknown setting \"oprands\"; did you mean \"operands\"?\n"},
        {"tool: x\nact: uplod\n", "t.yml:2:1: unknown act \"uplod\"; did you mean \"upload\"?\n"},
        {"tool: x\noptions:\n  -a: sorce\n",
         "t.yml:3:7: unknown word \"sorce\"; did you mean \"source\"?\n"},
        {"tool: x\noptions:\n  -a: source nam\n",
         "t.yml:3:7: unknown word \"nam\"; did you mean \"name\"?\n"},
        {"tool: x\noptions:\n  -a: {mode: creat}\nmodes:\n  create: {act: archive}\n",
         "t.yml:3:8: no mode \"creat\" is described under \"modes\"; did you mean \"create\"?\n"},
        {"tool: x\noperands: [source..., output...]\n",
         "t.yml:2:1: only one of the operands may repeat\n"},
        {"tool: x\nmarkers:\n  - {act: upload}\n", "t.yml:3:5: \"text\" is missing\n"},
        {"tool: x\nsyntax: {long: getop}\n",
         "t.yml:2:16: unknown word \"getop\"; did you mean \"getopt\"?\n"},
        {"- x\n",
         "t.yml:1:1: expected \"name: value\" lines here\nt.yml:1:1: \"tool\" is missing\n"},
    };
    for (const Row& row : rows) {
        CommandTable table;
        EXPECT_EQ(add(table, row.text), row.expected) << row.text;
    }
}

TEST(command_line, tools_are_found_by_path_copy_and_claim) {
    CommandTable table;
    ASSERT_EQ(add(table, kSender), "");
    EXPECT_EQ(table.tool_of("/usr/bin/send"), "send");
    EXPECT_EQ(table.tool_of("-send"), "send");
    EXPECT_EQ(table.tool_of("/tmp/send-2 (deleted)"), "send");
    EXPECT_EQ(table.tool_of("/usr/bin/sender"), "");
    EXPECT_EQ(table.tool_of(""), "");
    const std::vector<std::string_view> args = {"kworker", "-T", "f"};
    EXPECT_TRUE(table.analyse({"/tmp/kworker", args, {}}).empty());
    ASSERT_EQ(table.analyse({"/tmp/kworker", args, "send"}).size(), 1U);
    EXPECT_EQ(table.analyse({"/tmp/kworker", args, "send"})[0].act, Act::upload);
    EXPECT_TRUE(table.analyse({{}, {}, {}}).empty());
    EXPECT_EQ(table.names(), std::vector<std::string_view>{"send"});
    EXPECT_EQ(add(table, "tool: send\n"), "");
    EXPECT_EQ(table.names().size(), 1U);
    EXPECT_EQ(table.tool_of("send-2"), "");
}

TEST(command_line, files_past_the_limit_are_counted) {
    std::vector<std::string> words = {"send"};
    for (std::size_t i = 0; i < command::kPathsMax; ++i) {
        words.emplace_back("-Tf");
    }
    ASSERT_EQ(analyse(words).size(), 1U);
    EXPECT_EQ(analyse(words)[0].because, "-T f: sends the file");
    words.emplace_back("-Tf");
    const std::vector<CommandUse> uses = analyse(words);
    EXPECT_EQ(uses[0].sources.size(), command::kPathsMax);
    EXPECT_EQ(uses[0].because, "-T f: sends the file (and 1 more files)");
}

TEST(command_line, arguments_past_the_limit_make_it_opaque) {
    std::vector<std::string> words(command::kArgumentsMax, "x");
    EXPECT_FALSE(analyse(words).at(0).opaque);
    words.emplace_back("-Tf");
    EXPECT_TRUE(analyse(words).at(0).opaque);
}

TEST(command_line, scripts_are_read_up_to_the_limit) {
    const std::string script = std::string(command::kScriptBytesMax - 7, ' ') + "socket";
    EXPECT_EQ(analyse({"send", "-c", script}).at(0).act, Act::upload);
    EXPECT_EQ(analyse({"send", "-c", "  " + script}).at(0).act, Act::inspect);
    std::string statements;
    for (std::size_t i = 0; i <= command::kScriptPartsMax; ++i) {
        statements += "put f;";
    }
    EXPECT_EQ(analyse({"send", "-k", statements}).at(0).sources.size(), command::kScriptPartsMax);
}

TEST(command_line, hostile_arguments_are_only_text) {
    const std::string big(128 * 1024, 'T');
    const std::string nul("-T\0f", 4);
    EXPECT_EQ(analyse({"send", nul}).at(0).sources.at(0), std::string("\0f", 2));
    EXPECT_EQ(analyse({"send", "-" + big}).at(0).sources.at(0).size(), big.size() - 1);
    EXPECT_LE(analyse({"send", "-" + big}).at(0).because.size(), command::kShownBytesMax + 32);
    EXPECT_EQ(analyse({"send", "--" + big}).at(0).act, Act::inspect);
    EXPECT_EQ(analyse({"send", "--upload=\xff\xfe"}).at(0).sources.at(0), "\xff\xfe");
    EXPECT_EQ(analyse({"send", "-T"}).at(0).act, Act::inspect);
    EXPECT_EQ(analyse({"send", "", "-", "--", "--"}).at(0).act, Act::inspect);
    EXPECT_EQ(analyse({""}).at(0).act, Act::inspect);
}

TEST(command_line, an_abbreviation_must_stand_for_one_option) {
    CommandTable table;
    ASSERT_EQ(add(table,
                  "tool: t\noptions:\n  --post-file: {is: source, act: upload}\n  --post-data: "
                  "{is: content, act: upload}\n"),
              "");
    const std::vector<std::string_view> one = {"t", "--post-f", "f"};
    const std::vector<std::string_view> two = {"t", "--post", "f"};
    EXPECT_EQ(table.analyse({"t", one, {}}).at(0).act, Act::upload);
    EXPECT_EQ(table.analyse({"t", two, {}}).at(0).act, Act::inspect);
}

TEST(command_line, text_is_content_from_its_length_on) {
    EXPECT_EQ(analyse({"send", "-H", "1234567", "h"}).at(0).act, Act::download);
    const std::vector<CommandUse> uses = analyse({"send", "-H", "12345678", "h"});
    EXPECT_EQ(uses.at(0).act, Act::upload);
    EXPECT_TRUE(uses.at(0).in_arguments);
    EXPECT_EQ(uses.at(0).because, "-H: carries 8 bytes in the arguments");
}

TEST(command_line, programs_that_run_programs_end) {
    CommandTable table;
    ASSERT_EQ(add(table, "tool: box\nstops: true\noperands: [program]\n"), "");
    const std::vector<std::string_view> args(1000, "box");
    EXPECT_EQ(table.analyse({"box", args, {}}).size(), 1U);
}

}  // namespace

}  // namespace mailvigil::detect
