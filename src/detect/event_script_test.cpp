#include "detect/event_script_test.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace mailvigil::detect {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kDirectoryMode = 0040755;
constexpr std::uint64_t kFileMode = 0100600;

yaml::Node document(const fs::path& path, Diagnostics& diagnostics) {
    std::ifstream in(fs::path(MAILVIGIL_SOURCE_DIR) / path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return yaml::parse(text, path.string(), diagnostics);
}

Knowledge load_shipped() {
    Diagnostics diagnostics;
    Knowledge knowledge;
    const auto read = [&](const char* path) { return document(path, diagnostics); };
    const fs::path root(MAILVIGIL_SOURCE_DIR);
    for (const auto& entry : fs::directory_iterator(root / "rules/tools")) {
        const fs::path path = fs::relative(entry.path(), root);
        knowledge.commands.add(document(path, diagnostics), path.string(), diagnostics);
    }
    knowledge.activations.load(read("rules/activation.yml"), "activation", diagnostics);
    knowledge.roles.load(read("profiles/roles.yml"), "roles", diagnostics);
    knowledge.interpreters.load(read("profiles/interpreters.yml"), "interpreters", diagnostics);
    knowledge.stores =
        mail::StoreMap::load(read("profiles/mail-stores.yml"), "stores", {}, diagnostics);
    knowledge.configuration = mail::ConfigurationMap::load(
        read("profiles/mail-configuration.yml"), "configuration", {}, diagnostics);
    knowledge.execution.load(read("profiles/mail-execution.yml"), "execution", {}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        ADD_FAILURE() << render(diagnostic);
    }
    return knowledge;
}

std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    EXPECT_EQ(parsed.ec, std::errc()) << "not a number: " << text;
    return value;
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        parts.emplace_back(text.substr(0, comma));
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return parts;
}

/// key=value words at the front of `words` are taken out of it.
std::map<std::string, std::string, std::less<>> take_options(std::vector<std::string>& words) {
    std::map<std::string, std::string, std::less<>> options;
    std::erase_if(words, [&](const std::string& word) {
        const std::size_t equals = word.find('=');
        const bool option = equals != std::string::npos && word.find('/') > equals;
        if (option) {
            options[word.substr(0, equals)] = word.substr(equals + 1);
        }
        return option;
    });
    return options;
}

}  // namespace

Knowledge& shipped_knowledge() {
    static Knowledge knowledge = load_shipped();
    return knowledge;
}

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? '\0' : c;
            in_word = true;
        } else if (quote == 0 && c == ' ') {
            if (in_word) {
                words.push_back(std::exchange(word, {}));
            }
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (in_word) {
        words.push_back(word);
    }
    return words;
}

Settings read_settings(std::string_view text) {
    Settings settings;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::vector<std::string> words = split_words(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        auto options = take_options(words);
        if (words.empty()) {
            continue;
        }
        if (words[0] == "TimeWindow") {
            settings.time_window = parse_duration(words.at(1)).value();
        } else if (words[0] == "declare") {
            settings.declarations.push_back({.reason = options["reason"],
                                             .by = split_list(options["by"]),
                                             .mailboxes = split_list(options["mailboxes"]),
                                             .paths = split_list(options["paths"]),
                                             .programs = split_list(options["programs"]),
                                             .from = parse_timestamp(options["from"]),
                                             .until = parse_timestamp(options["until"])});
        } else if (words[0] == "change_window") {
            settings.change_windows.push_back({.from = parse_duration(options["from"]).value(),
                                               .until = parse_duration(options["until"]).value()});
        } else if (words[0] == "internal_domain") {
            settings.internal_domains.push_back(words.at(1));
        } else if (words[0] == "internal_network") {
            settings.internal_networks.push_back(parse_network(words.at(1)).value());
        } else {
            ADD_FAILURE() << "unknown setting: " << words[0];
        }
    }
    return settings;
}

EventScript::EventScript() : now_(parse_timestamp("2026-11-23T02:00:00Z").value()) {
    users_ = {{"root", 0},
              {"mail", 8},
              {"list", 38},
              {"www-data", 33},
              {"munin", 120},
              {"postfix", 101},
              {"Debian-exim", 102},
              {"dovecot", 103},
              {"alice", 1001},
              {"bob", 1002},
              {"carol", 1003},
              {"dave", 1004},
              {"erin", 1005},
              {"ops", 1007},
              {"operator2", 1008},
              {"mallory", 1009},
              {"nobody", 65'534},
              {"vmail", 5'000}};
    for (const auto& [name, id] : users_) {
        names_[id] = name;
    }
}

std::uint32_t EventScript::user(std::string_view name) const {
    const auto found = users_.find(name);
    EXPECT_NE(found, users_.end()) << "unknown user: " << name;
    return found == users_.end() ? 0 : found->second;
}

std::uint32_t EventScript::owner_of(std::string_view path) const {
    if (path.find("/vmail/") != std::string_view::npos) {
        return user("vmail");
    }
    std::uint32_t owner = 0;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        const auto found = users_.find(part);
        if (found != users_.end() && found->second >= 1'000) {
            owner = found->second;
        }
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return owner;
}

Event& EventScript::add(EventClass event_class, std::string_view action, std::uint32_t pid) {
    now_ += std::chrono::milliseconds(100);
    Event& event = batch_.add(event_class, now_);
    event.set_event_id(keep(fmt::format("{}", ++serial_)));
    event.set_event_action(keep(action));
    event.set_event_outcome("success");
    if (pid == 0) {
        return event;
    }
    const Actor& who = actor(pid);
    event.set_process_pid(pid);
    event.set_process_parent_pid(who.parent);
    event.set_process_executable(keep(who.executable));
    event.set_process_name(keep(who.name.substr(0, 15)));
    event.set_user_id(who.user);
    event.set_user_name(keep(names_[who.user]));
    event.set_user_effective_id(who.effective);
    if (who.login != kUnset) {
        event.set_login_user_id(who.login);
        event.set_login_user_name(keep(names_[who.login]));
    }
    if (who.session != kUnset) {
        event.set_session_id(who.session);
    }
    return event;
}

void EventScript::set_clock(std::string_view text) {
    if (text.starts_with('+')) {
        now_ += parse_duration(text.substr(1)).value();
    } else {
        now_ = parse_timestamp(fmt::format("2026-11-23T{}Z", text)).value();
    }
}

// ssh PID USER, cron PID USER: a session of the pid's number; with ssh a login shell runs as PID.
void EventScript::login(const Words& words, const Options& options) {
    const std::uint32_t pid = number(words.at(1));
    const bool ssh = words[0] == "ssh";
    const std::uint32_t entrance = ssh ? pid - 1 : pid;
    Actor who;
    who.login = user(words.at(2));
    who.session = pid;
    who.executable = ssh ? "/usr/sbin/sshd" : "/usr/sbin/cron";
    who.name = ssh ? "sshd" : "cron";
    actor(entrance) = who;
    add(EventClass::session, "LOGIN", entrance);
    Event& start = add(EventClass::session, ssh ? "USER_LOGIN" : "USER_START", entrance);
    if (!ssh) {
        return;
    }
    const auto from = options.find("from");
    start.set_source_ip(
        parse_address(from == options.end() ? "198.51.100.7" : from->second).value());
    who.user = who.effective = who.login;
    who.parent = entrance;
    actor(pid) = who;
    exec({"exec", words[1], fmt::format("{}", entrance)}, {{"exe", "/usr/bin/bash"}}, {"-bash"});
}

void EventScript::daemon(const Words& words) {
    Actor& who = actor(number(words.at(1)));
    who.user = who.effective = user(words.at(2));
    exec({"exec", words[1], "1"}, {{"exe", words.at(3)}}, {words[3]});
}

void EventScript::exec(const Words& words, const Options& options, const Words& args) {
    const std::uint32_t pid = number(words.at(1));
    const std::uint32_t parent = number(words.at(2));
    if (!actors_.contains(pid)) {
        actor(pid) = actor(parent);
    }
    Actor& who = actor(pid);
    who.parent = parent;
    const auto option = [&](std::string_view key) {
        const auto found = options.find(key);
        return found == options.end() ? std::string() : found->second;
    };
    if (const std::string text = option("uid"); !text.empty()) {
        who.user = who.effective = user(text);
    }
    if (const std::string text = option("ses"); !text.empty()) {
        who.session = number(text);
    }
    if (const std::string text = option("auid"); !text.empty()) {
        who.login = user(text);
    }
    if (const std::string text = option("cwd"); !text.empty()) {
        who.directory = text;
    }
    Words argv = args;
    const std::string script = option("script");
    const std::string exe = option("exe");
    if (!script.empty()) {
        const std::string interpreter = exe.empty() ? "/bin/bash" : exe;
        argv.insert(argv.begin(), {interpreter, script});
    }
    EXPECT_FALSE(argv.empty()) << "exec without a command";
    const bool is_path = argv.at(0).find('/') != std::string::npos;
    who.executable = !exe.empty() ? exe : is_path ? argv[0] : "/usr/bin/" + argv[0];
    const std::string& named = script.empty() ? who.executable : script;
    who.name = named.substr(named.rfind('/') + 1);
    Event& event = add(EventClass::process_start, "execve", pid);
    const auto texts = batch_.arena().array<std::string_view>(argv.size());
    for (std::size_t i = 0; i < argv.size(); ++i) {
        texts[i] = keep(argv[i]);
    }
    event.set_process_args(texts);
    event.set_process_working_directory(keep(who.directory));
    event.set_file_path(keep(named));
}

void EventScript::file(std::string_view verb, const Words& words, const Options& options) {
    struct Row {
        std::string_view verb;
        EventClass event_class;
        std::uint64_t flags;
        std::uint64_t mode;
    };

    static constexpr Row kRows[] = {
        {"open", EventClass::file_open, O_RDONLY, kFileMode},
        {"list", EventClass::file_open, O_RDONLY, kDirectoryMode},
        {"edit", EventClass::file_write, O_RDWR, kFileMode},
        {"write", EventClass::file_write, O_WRONLY, kFileMode},
        {"create", EventClass::file_create, O_WRONLY | O_CREAT, kFileMode},
        {"symlink", EventClass::file_create, 0, 0120777},
        {"mkdir", EventClass::file_create, 0, kDirectoryMode},
        {"rename", EventClass::file_rename, 0, kFileMode},
        {"link", EventClass::file_link, 0, kFileMode},
        {"unlink", EventClass::file_unlink, 0, kFileMode},
        {"attribute", EventClass::file_attribute, 0, kFileMode},
    };
    for (const Row& row : kRows) {
        if (row.verb != verb) {
            continue;
        }
        Event& event = add(row.event_class, verb, number(words.at(1)));
        const std::string& path = words.at(2);
        // symlink PID TEXT PATH, as ln -s has it.
        const bool symbolic = verb == "symlink";
        event.set_file_path(keep(symbolic ? words.at(3) : path));
        if (words.size() > 3) {
            event.set_file_target_path(keep(symbolic ? path : words[3]));
        }
        const auto owner = options.find("owner");
        event.set_file_owner_id(owner == options.end() ? owner_of(path) : user(owner->second));
        event.set_file_mode(options.contains("folder") ? kDirectoryMode : row.mode);
        event.set_file_open_flags(row.flags);
        if (options.contains("denied")) {
            event.set_event_outcome("failure");
        }
        return;
    }
    ADD_FAILURE() << "unknown word: " << verb;
}

void EventScript::connect(const Words& words) {
    const std::string_view to = words.at(2);
    const std::size_t colon = to.rfind(':');
    Event& event = add(EventClass::network_connection, "connect", number(words.at(1)));
    event.set_network_transport("inet");
    event.set_destination_ip(parse_address(to.substr(0, colon)).value());
    event.set_destination_port(number(to.substr(colon + 1)));
}

std::span<const Event> EventScript::line(std::string_view text) {
    batch_.clear();
    Words words = split_words(text);
    Words args;
    if (const auto dashes = std::ranges::find(words, "--"); dashes != words.end()) {
        args.assign(dashes + 1, words.end());
        words.erase(dashes, words.end());
    }
    const Options options = take_options(words);
    if (words.empty() || words[0].starts_with('#')) {
        return {};
    }
    const std::string& verb = words[0];
    if (verb == "at") {
        set_clock(words.at(1));
    } else if (verb == "ssh" || verb == "cron") {
        login(words, options);
    } else if (verb == "daemon") {
        daemon(words);
    } else if (verb == "exec") {
        exec(words, options, args);
    } else if (verb == "exit") {
        add(EventClass::process_exit, "exit_group", number(words.at(1)));
    } else if (verb == "connect") {
        connect(words);
    } else if (verb == "service") {
        add(EventClass::service, "SERVICE_START", 0).set_service_name(keep(words.at(1)));
    } else {
        file(verb, words, options);
    }
    return batch_.events();
}

}  // namespace mailvigil::detect
