// The only user of CLI11: commands are described as data (cli/command.h).
#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/escape.h"
#include "base/print.h"
#include "base/suggest.h"
#include "cli/command/roster.h"
#include "cli/version.h"

namespace mailvigil::cli {

namespace {

struct Bound {
    const Option* option = nullptr;
    CLI::Option* parsed = nullptr;
    std::vector<std::string> values;
    bool flag = false;
};

struct BoundCommand {
    const Command* command = nullptr;
    CLI::App* app = nullptr;
    std::vector<std::unique_ptr<Bound>> options;
};

std::string typed_name(const Command& command) {
    std::string name(command.name);
    std::ranges::replace(name, '_', ' ');
    return name;
}

/// `config check` is a command below `config`.
CLI::App& place_for(CLI::App& root, std::string_view name, std::string_view summary) {
    const std::size_t space = name.find(' ');
    const std::string first(name.substr(0, space));
    CLI::App* app = nullptr;
    for (CLI::App* known : root.get_subcommands([](CLI::App*) { return true; })) {
        if (known->get_name() == first) {
            app = known;
        }
    }
    if (space == std::string_view::npos) {
        return app == nullptr ? *root.add_subcommand(first, std::string(summary)) : *app;
    }
    if (app == nullptr) {
        app = root.add_subcommand(first, "");
        app->require_subcommand(1);
    }
    const std::string second(name.substr(space + 1));
    app->description(
        fmt::format("{}{}: {}",
                    app->get_description().empty() ? "" : app->get_description() + "; ",
                    second,
                    summary));
    return place_for(*app, second, summary);
}

std::unique_ptr<BoundCommand> bind(CLI::App& root, const Command& command) {
    auto bound = std::make_unique<BoundCommand>();
    bound->command = &command;
    bound->app = &place_for(root, typed_name(command), command.summary);
    bound->app->footer(fmt::format("Example:\n  {}", command.example));
    if (CLI::App* group = bound->app->get_parent(); group != &root) {
        group->footer(bound->app->get_footer());
    }
    for (const Option& option : command.options) {
        bound->options.push_back(std::make_unique<Bound>());
        Bound& to = *bound->options.back();
        to.option = &option;
        const std::string name(option.name);
        const std::string help(option.help);
        if (option.kind == OptionKind::flag) {
            to.parsed = bound->app->add_flag(name, to.flag, help);
            continue;
        }
        to.parsed =
            bound->app->add_option(name, to.values, help)->type_name(std::string(option.meta));
        if (option.kind == OptionKind::value) {
            // Without this the option would take the files behind its value, too.
            to.parsed->expected(1)->take_last()->allow_extra_args(false);
        } else if (option.kind == OptionKind::values) {
            to.parsed->expected(1, CLI::detail::expected_max_vector_size)
                ->take_all()
                ->allow_extra_args(false);
        } else {
            to.parsed->expected(
                0,
                option.kind == OptionKind::positional ? 1 : CLI::detail::expected_max_vector_size);
        }
    }
    return bound;
}

Arguments arguments_of(const BoundCommand& bound) {
    Arguments arguments;
    for (const auto& option : bound.options) {
        if (option->parsed->count() > 0) {
            arguments.set(option->option->name, option->values);
        }
    }
    return arguments;
}

/// Whether a word is known, as a complaint: "unknown command "replya"; did you mean "replay"?".
std::string unknown(std::string_view what,
                    std::string_view word,
                    const std::vector<std::string_view>& known) {
    return fmt::format("unknown {} \"{}\"{}", what, word, did_you_mean(word, known));
}

/// What is wrong with the words behind a command's name.
std::string explain_words(const BoundCommand& command, const CLI::ParseError& error) {
    const std::vector<std::string> remaining = command.app->remaining();
    if (!remaining.empty() && remaining.front().starts_with('-')) {
        std::vector<std::string_view> known = {"--help"};
        for (const Option& option : command.command->options) {
            known.push_back(option.name);
        }
        return unknown("option", remaining.front(), known);
    }
    if (!remaining.empty()) {
        return fmt::format("\"{}\" is one word too many", remaining.front());
    }
    const std::string_view message = error.what();
    for (const Option& option : command.command->options) {
        if (message.starts_with(option.name) && option.kind == OptionKind::positional) {
            return fmt::format("only one {} is wanted", option.name);
        }
        if (message.starts_with(option.name)) {
            return fmt::format("{} needs a value, {}", option.name, option.meta);
        }
    }
    return std::string(message);
}

/// CLI11's complaint in our words.
std::string explain(const CLI::App& root,
                    const std::vector<std::unique_ptr<BoundCommand>>& commands,
                    const CLI::ParseError& error) {
    for (const auto& command : commands) {
        if (command->app->parsed()) {
            return fmt::format("{} (mailvigil {} --help shows how it is used)",
                               explain_words(*command, error),
                               typed_name(*command->command));
        }
    }
    const CLI::App* at = &root;
    std::string so_far = "mailvigil";
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        so_far += " " + at->get_name();
    }
    std::vector<std::string> names;
    for (const CLI::App* below : at->get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(below->get_name());
    }
    std::vector<std::string_view> known(names.begin(), names.end());
    const std::vector<std::string> remaining = root.remaining(true);
    const std::string hint = fmt::format(" ({} --help shows all)", so_far);
    if (remaining.empty()) {
        return fmt::format("say what to do: {} {}{}", so_far, fmt::join(names, "|"), hint);
    }
    if (remaining.front().starts_with('-')) {
        known = {"--help", "--version"};
        return unknown("option", remaining.front(), known) + hint;
    }
    return unknown("command", remaining.front(), known) + hint;
}

/// Results that did not arrive (a full disk) are no success.
Exit settle(Exit exit) {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
        return exit;
    }
    complain(fmt::format("cannot write to standard output: {}",
                         errno == 0 ? "a write failed" : std::strerror(errno)));
    return Exit::failure;
}

}  // namespace

void complain(std::string_view message) {
    mailvigil::print(stderr, "mailvigil: {}\n", escape_for_terminal(message));
}

Exit run(int argc, const char* const* argv) {
    CLI::App app(
        "mailvigil keeps vigil over the mail of a Linux host: who opened it, and who bent its "
        "path.",
        "mailvigil");
    app.set_help_flag("-h,--help", "show this help");
    app.set_version_flag("--version", fmt::format("mailvigil {}", kVersion), "show the version");
    app.require_subcommand(1);
    app.footer(
        "Example:\n  mailvigil replay /var/log/audit/audit.log\n\n"
        "Exit status: 0 nothing found, 1 findings, 2 wrong usage, 3 it could not do its work.");
    std::vector<std::unique_ptr<BoundCommand>> commands;
    for (const Command* command : command::roster()) {
        commands.push_back(bind(app, *command));
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        app.exit(success);
        return settle(Exit::nothing_found);
    } catch (const CLI::ParseError& error) {
        complain(explain(app, commands, error));
        return Exit::usage;
    }
    for (const auto& command : commands) {
        if (command->app->parsed()) {
            return settle(command->command->run(arguments_of(*command)));
        }
    }
    return Exit::usage;
}

}  // namespace mailvigil::cli
