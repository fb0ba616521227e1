// The only user of CLI11: commands are described as data (cli/command.h).
#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/escape.h"
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
        app = root.add_subcommand(first, fmt::format("see mailvigil {} --help", first));
        app->require_subcommand(1);
    }
    return place_for(*app, name.substr(space + 1), summary);
}

std::unique_ptr<BoundCommand> bind(CLI::App& root, const Command& command) {
    auto bound = std::make_unique<BoundCommand>();
    bound->command = &command;
    bound->app = &place_for(root, typed_name(command), command.summary);
    bound->app->footer(fmt::format("Example:\n  {}", command.example));
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
            to.parsed->expected(1)->take_last();
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

std::string unknown_command(int argc, const char* const* argv) {
    std::vector<std::string> names;
    for (const Command* command : command::roster()) {
        names.push_back(typed_name(*command).substr(0, typed_name(*command).find(' ')));
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word.empty() || word.starts_with('-') || std::ranges::find(views, word) != views.end()) {
        return {};
    }
    return fmt::format("unknown command \"{}\"{}", word, did_you_mean(word, views));
}

}  // namespace

void complain(std::string_view message) {
    fmt::print(stderr, "mailvigil: {}\n", escape_for_terminal(message));
}

Exit run(int argc, const char* const* argv) {
    CLI::App app(
        "mailvigil keeps vigil over the mail of a Linux host: who opened it, and who bent its "
        "path.",
        "mailvigil");
    app.set_version_flag("--version", fmt::format("mailvigil {}", kVersion));
    app.require_subcommand(1);
    std::vector<std::unique_ptr<BoundCommand>> commands;
    for (const Command* command : command::roster()) {
        commands.push_back(bind(app, *command));
    }
    if (const std::string unknown = unknown_command(argc, argv); !unknown.empty()) {
        complain(unknown + " (mailvigil --help shows all)");
        return Exit::usage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        app.exit(success);
        return Exit::nothing_found;
    } catch (const CLI::ParseError& error) {
        complain(fmt::format("{} (--help shows how it is used)", error.what()));
        return Exit::usage;
    }
    for (const auto& command : commands) {
        if (command->app->parsed()) {
            return command->command->run(arguments_of(*command));
        }
    }
    return Exit::usage;
}

}  // namespace mailvigil::cli
