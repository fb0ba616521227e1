#include "app/knowledge.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "app/shipped.h"

namespace mailvigil::app {

namespace {

struct Source {
    std::string name;  ///< for diagnostics
    std::string text;
};

/// Path below `rules/` or `profiles/` -> content; the site's files replace or join the shipped
/// ones.
std::map<std::string, Source> gather(const std::string& data, Diagnostics& diagnostics) {
    std::map<std::string, Source> files;
    for (const ShippedFile& file : shipped()) {
        files[std::string(file.path)] = {std::string(file.path), std::string(file.text)};
    }
    namespace fs = std::filesystem;
    for (const std::string folder : {"rules", "profiles"}) {
        std::error_code error;
        const fs::path root = fs::path(data) / folder;
        fs::recursive_directory_iterator entries(root, error);
        for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
            const fs::path& path = entries->path();
            std::error_code status;
            if (!entries->is_regular_file(status)) {
                continue;
            }
            if (path.extension() == ".yaml") {
                diagnostics.add(
                    {Severity::error, path.string(), 0, 0, "is not read; name it .yml"});
            }
            if (path.extension() != ".yml") {
                continue;
            }
            auto text = read_file(path.string());
            if (!text) {
                diagnostics.add({Severity::error, "", 0, 0, text.error().message});
                continue;
            }
            files[folder + "/" + path.lexically_relative(root).string()] = {path.string(),
                                                                            std::move(*text)};
        }
        if (error && error != std::errc::no_such_file_or_directory) {
            diagnostics.add(
                {Severity::error, root.string(), 0, 0, "cannot read: " + error.message()});
        }
    }
    return files;
}

}  // namespace

detect::Knowledge load_knowledge(const Configuration& configuration, Diagnostics& diagnostics) {
    detect::Knowledge knowledge;
    knowledge.settings = configuration.settings;
    const detect::Settings& settings = knowledge.settings;
    bool known = false;
    for (const auto& [path, source] : gather(configuration.data, diagnostics)) {
        const yaml::Node document = yaml::parse(source.text, source.name, diagnostics);
        known = true;
        if (path.starts_with("rules/tools/")) {
            knowledge.commands.add(document, source.name, diagnostics);
        } else if (path == "rules/activation.yml" || path.starts_with("rules/activation/")) {
            knowledge.activations.load(document, source.name, diagnostics);
        } else if (path == "profiles/roles.yml" || path.starts_with("profiles/roles/")) {
            knowledge.roles.load(document, source.name, diagnostics);
        } else if (path == "profiles/interpreters.yml") {
            knowledge.interpreters.load(document, source.name, diagnostics);
        } else if (path == "profiles/mail-stores.yml") {
            knowledge.stores = mail::StoreMap::load(
                document, source.name, settings.watched_mail_dirs, diagnostics);
        } else if (path == "profiles/mail-configuration.yml") {
            knowledge.configuration = mail::ConfigurationMap::load(
                document, source.name, settings.mail_transport_script_path, diagnostics);
        } else if (path == "profiles/mail-execution.yml") {
            knowledge.execution.load(document, source.name, settings.user_context, diagnostics);
        } else {
            known = false;
        }
        if (!known) {
            diagnostics.add({Severity::error,
                             source.name,
                             0,
                             0,
                             "no part of mailvigil reads a file of this name; see rules/README.md "
                             "for the names"});
        }
    }
    return knowledge;
}

}  // namespace mailvigil::app
