// mailvigil config check: reads the configuration and the site's rules as replay would, and says
// what is wrong where.
#include <fmt/format.h>

#include "app/configuration.h"
#include "app/knowledge.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"

namespace mailvigil::cli::command {

namespace {

Exit run(const Arguments& arguments) {
    Diagnostics diagnostics;
    const auto file = arguments.value("FILE");
    const bool defaults = !file && !app::default_configuration_exists();
    const auto configuration = app::load_configuration(file, diagnostics);
    if (!configuration) {
        complain(configuration.error().message);
        return Exit::failure;
    }
    app::load_knowledge(*configuration, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        mailvigil::print(stderr, "mailvigil: {}\n", render(diagnostic));
    }
    if (diagnostics.count() > diagnostics.kept().size()) {
        mailvigil::print(
            stderr, "mailvigil: and {} more\n", diagnostics.count() - diagnostics.kept().size());
    }
    if (diagnostics.errors() > 0) {
        return Exit::findings;
    }
    const std::string checked =
        escape_for_terminal(file.value_or(std::string(app::kDefaultConfiguration)));
    if (defaults) {
        mailvigil::print(stdout, "there is no {}; the shipped settings are good\n", checked);
    } else {
        mailvigil::print(stdout, "{}: good\n", checked);
    }
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"FILE", OptionKind::positional, "", "configuration; default /etc/mailvigil/mailvigil.yml"},
};

}  // namespace

extern const Command config_check{.name = "config_check",
                                  .summary = "read the configuration and say what is wrong where",
                                  .example = "mailvigil config check /etc/mailvigil/mailvigil.yml",
                                  .options = kOptions,
                                  .run = run};

}  // namespace mailvigil::cli::command
