#include "lineage/lineage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "event/event_batch.h"

namespace mailvigil::lineage {
namespace {

/// What is said of an event; the rest is as of alice's shell.
struct Doing {
    EventClass event_class = EventClass::file_open;
    std::string action = "openat";
    std::uint64_t pid = 100;
    std::uint64_t parent = 50;
    std::string executable = "/usr/bin/bash";
    std::uint32_t session = 3;
    std::uint32_t login = 1000;
    std::uint64_t child = 0;
    std::vector<std::string> args = {};
    std::string path = {};
};

class LineageTest : public ::testing::Test {
  protected:
    LineageTest() {
        std::ifstream stream(std::string(MAILVIGIL_SOURCE_DIR) + "/profiles/interpreters.yml");
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        Diagnostics diagnostics;
        const yaml::Node document = yaml::parse(text, "interpreters.yml", diagnostics);
        interpreters.load(document, "interpreters.yml", diagnostics);
        EXPECT_EQ(diagnostics.count(), 0U);
    }

    [[nodiscard]] std::size_t known() const {
        return lineage.counts().processes - lineage.counts().processes_evicted;
    }

    const Process* apply(const Doing& doing) {
        batch->clear();
        now += std::chrono::milliseconds(10);
        Event& event = batch->add(doing.event_class, now);
        Arena& arena = batch->arena();
        event.set_event_action(arena.copy(doing.action));
        event.set_event_id("1.000:1");
        event.set_process_pid(doing.pid);
        if (doing.event_class != EventClass::session) {
            event.set_process_parent_pid(doing.parent);
        }
        event.set_process_executable(arena.copy(doing.executable));
        event.set_user_id(doing.login == kUnset ? 0 : doing.login);
        if (doing.session != kUnset) {
            event.set_session_id(doing.session);
            event.set_login_user_id(doing.login);
        }
        if (doing.child != 0) {
            event.set_process_child_pid(doing.child);
        }
        if (!doing.args.empty()) {
            const auto args = arena.array<std::string_view>(doing.args.size());
            std::ranges::transform(
                doing.args, args.begin(), [&](const auto& text) { return arena.copy(text); });
            event.set_process_args(args);
            event.set_process_working_directory("/home/alice");
            event.set_file_path(arena.copy(doing.path.empty() ? doing.executable : doing.path));
        }
        return lineage.apply(event);
    }

    const Process* exec(std::uint64_t pid,
                        std::uint64_t parent,
                        std::string executable,
                        std::vector<std::string> args = {},
                        std::string path = {}) {
        if (args.empty()) {
            args.push_back(executable);
        }
        return apply({.event_class = EventClass::process_start,
                      .action = "execve",
                      .pid = pid,
                      .parent = parent,
                      .executable = std::move(executable),
                      .args = std::move(args),
                      .path = std::move(path)});
    }

    const Process* message(std::string action,
                           std::uint64_t pid,
                           std::string executable,
                           std::uint32_t session = 3) {
        return apply({.event_class = EventClass::session,
                      .action = std::move(action),
                      .pid = pid,
                      .executable = std::move(executable),
                      .session = session});
    }

    std::string script(std::string executable, std::vector<std::string> args, std::string path) {
        const Process* process = exec(next_pid++, 50, std::move(executable), std::move(args), path);
        constexpr const char* kKinds[] = {"none", "file", "inline", "stdin"};
        return std::string(kKinds[static_cast<std::size_t>(process->script_kind)]) + ' ' +
               process->interpreter + ' ' + process->script;
    }

    InterpreterTable interpreters;
    Lineage lineage{interpreters};
    std::unique_ptr<EventBatch> batch = std::make_unique<EventBatch>();
    Timestamp now{std::chrono::seconds(1'700'000'000)};
    std::uint64_t next_pid = 1000;
};

TEST_F(LineageTest, a_reused_pid_is_another_process) {
    const std::string first = exec(100, 50, "/usr/bin/cat")->entity_id();
    const ProcessRef old = lineage.find(apply({.executable = "/usr/bin/cat"})->self)->self;
    apply({.event_class = EventClass::process_exit, .executable = "/usr/bin/cat"});
    const Process* second = exec(100, 50, "/usr/bin/less");
    EXPECT_NE(second->entity_id(), first);
    ASSERT_NE(lineage.find(old), nullptr);
    EXPECT_EQ(lineage.find(old)->executable, "/usr/bin/cat");
    EXPECT_NE(second->self, old);
}

TEST_F(LineageTest, another_parent_and_program_without_an_exit_is_another_process) {
    const std::string first = exec(100, 50, "/usr/bin/cat")->entity_id();
    EXPECT_NE(exec(100, 60, "/usr/bin/less")->entity_id(), first);
}

TEST_F(LineageTest, init_adopts_a_process_without_making_it_another) {
    const std::string first = exec(100, 50, "/usr/sbin/milter")->entity_id();
    const Process* process = apply({.parent = 1, .executable = "/usr/sbin/milter"});
    EXPECT_EQ(process->entity_id(), first);
    EXPECT_TRUE(process->detached);
    EXPECT_EQ(process->parent_pid, 50U);
}

TEST_F(LineageTest, a_subreaper_adopts_as_well) {
    const std::string first = exec(100, 50, "/usr/bin/tar")->entity_id();
    EXPECT_EQ(apply({.parent = 77, .executable = "/usr/bin/tar"})->entity_id(), first);
}

TEST_F(LineageTest, an_exec_keeps_the_process) {
    const std::string first = exec(100, 50, "/usr/bin/bash")->entity_id();
    const Process* process = exec(100, 50, "/usr/bin/sudo", {"sudo", "-i"});
    EXPECT_EQ(process->entity_id(), first);
    EXPECT_EQ(process->command_line(), "sudo -i");
}

TEST_F(LineageTest, a_recorded_fork_runs_its_parents_program_on) {
    exec(100, 50, "/usr/bin/tar", {"tar", "cz", "/var/mail"});
    apply({.event_class = EventClass::process_start,
           .action = "clone",
           .executable = "/usr/bin/tar",
           .child = 101});
    const Process* child = apply({.pid = 101, .parent = 100, .executable = "/usr/bin/tar"});
    EXPECT_EQ(child->command_line(), "tar cz /var/mail");
    EXPECT_EQ(lineage.parent(*child)->pid.value, 100U);
    EXPECT_FALSE(child->parent_inferred);
}

TEST_F(LineageTest, a_fork_that_was_not_recorded_shows_by_its_parent_pid) {
    exec(100, 50, "/usr/bin/tar", {"tar", "cz", "/var/mail"});
    const Process* child = apply({.pid = 101, .parent = 100, .executable = "/usr/bin/tar"});
    EXPECT_EQ(child->command_line(), "tar cz /var/mail");
    EXPECT_EQ(lineage.parent(*child)->pid.value, 100U);
}

TEST_F(LineageTest, a_subshell_belongs_to_the_shell_that_started_others_last) {
    exec(100, 50, "/usr/bin/bash");
    exec(101, 100, "/usr/bin/ls");
    const Process* cat = exec(103, 102, "/usr/bin/cat");  // 102: nobody saw it start
    const Process* subshell = lineage.parent(*cat);
    ASSERT_NE(subshell, nullptr);
    EXPECT_EQ(subshell->pid.value, 102U);
    EXPECT_TRUE(subshell->parent_inferred);
    EXPECT_EQ(subshell->executable, "/usr/bin/bash");
    EXPECT_EQ(lineage.parent(*subshell)->pid.value, 100U);
}

TEST_F(LineageTest, nobody_is_a_subshell_across_sessions) {
    exec(100, 50, "/usr/bin/bash");
    exec(101, 100, "/usr/bin/ls");
    const Process* other =
        apply({.pid = 203, .parent = 202, .executable = "/usr/bin/cat", .session = 4});
    EXPECT_FALSE(lineage.parent(*other)->parent);
}

TEST_F(LineageTest, a_login_by_ssh_and_the_sudo_in_it_are_one_session) {
    exec(90, 1, "/usr/sbin/sshd");
    message("LOGIN", 90, "");
    message("USER_START", 90, "/usr/sbin/sshd");
    exec(95, 90, "/usr/bin/bash");
    message("USER_CMD", 97, "/usr/bin/sudo");
    message("USER_START", 97, "/usr/bin/sudo");
    const Session* session = lineage.session(SessionId{3});
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->entrance, Entrance::ssh);
    EXPECT_TRUE(session->is_interactive());
    EXPECT_EQ(session->elevated_with, "sudo");
    EXPECT_EQ(session->entrance_program, "/usr/sbin/sshd");
    EXPECT_EQ(session->login_user, 1000U);
}

TEST_F(LineageTest, su_elevates_and_cron_enters) {
    message("USER_START", 97, "/usr/bin/su");
    EXPECT_EQ(lineage.session(SessionId{3})->elevated_with, "su");
    exec(60, 1, "/usr/sbin/cron");
    message("LOGIN", 60, "", 9);
    EXPECT_EQ(lineage.session(SessionId{9})->entrance, Entrance::cron);
    EXPECT_FALSE(lineage.session(SessionId{9})->is_interactive());
}

TEST_F(LineageTest, a_second_login_with_the_same_id_is_a_new_session) {
    message("LOGIN", 90, "/usr/sbin/sshd");
    message("USER_START", 97, "/usr/bin/sudo");
    message("LOGIN", 91, "/usr/sbin/cron");
    const Session* session = lineage.session(SessionId{3});
    EXPECT_EQ(session->elevated_with, "");
    EXPECT_EQ(session->start, now);
}

TEST_F(LineageTest, scripts_are_known_by_their_file) {
    EXPECT_EQ(
        script(
            "/usr/bin/dash", {"/bin/sh", "/usr/local/lib/archive", "a"}, "/usr/local/lib/archive"),
        "file sh /usr/local/lib/archive");
    EXPECT_EQ(script("/usr/bin/bash", {"bash", "x.sh"}, ""), "file bash /home/alice/x.sh");
    EXPECT_EQ(script("/usr/bin/bash", {"bash", "-x", "/tmp/x"}, ""), "file bash /tmp/x");
    EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-u", "run.py", "-c", "no"}, ""),
              "file python /home/alice/run.py");
    EXPECT_EQ(script("/usr/bin/python3.11", {"python", "x"}, "/usr/bin/python"),
              "file python /home/alice/x");
}

TEST_F(LineageTest, inline_text_and_standard_input_are_no_files) {
    EXPECT_EQ(script("/usr/bin/bash", {"bash", "-c", "cat mbox", "x"}, ""), "inline bash cat mbox");
    EXPECT_EQ(script("/usr/bin/bash", {"bash", "-lc", "cat mbox"}, ""), "inline bash cat mbox");
    EXPECT_EQ(script("/usr/bin/bash", {"-bash"}, ""), "stdin bash ");
    EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-"}, ""), "stdin python ");
    EXPECT_EQ(script("/usr/bin/python3.11", {"python3", "-m", "http.server"}, ""),
              "inline python http.server");
    EXPECT_EQ(script("/usr/bin/cat", {"cat", "x"}, ""), "none  ");
    EXPECT_EQ(script("/usr/bin/bash", {"bash", "-c"}, ""), "inline bash ");
}

TEST_F(LineageTest, an_exec_of_another_program_forgets_the_script) {
    exec(100, 50, "/usr/bin/bash", {"bash", "x.sh"});
    const Process* process = exec(100, 50, "/usr/bin/cat", {"cat"});
    EXPECT_EQ(process->script_kind, ScriptKind::none);
    EXPECT_EQ(process->script, "");
}

TEST_F(LineageTest, env_is_replaced_by_what_it_starts) {
    exec(100, 50, "/usr/bin/env", {"env", "python3", "x.py"}, "/home/alice/x.py");
    const Process* process = exec(100, 50, "/usr/bin/python3.11", {"python3", "x.py"});
    EXPECT_EQ(process->script_kind, ScriptKind::file);
    EXPECT_EQ(process->script, "/home/alice/x.py");
}

TEST_F(LineageTest, an_impossible_pid_is_counted_and_nobody) {
    EXPECT_EQ(apply({.pid = Lineage::kPidMax + 1ULL}), nullptr);
    EXPECT_EQ(apply({.pid = 1ULL << 40U}), nullptr);
    EXPECT_EQ(lineage.counts().impossible_pids, 2U);
    EXPECT_NE(apply({.pid = Lineage::kPidMax}), nullptr);
    EXPECT_EQ(apply({.pid = 0}), nullptr);
    const Process* process = apply({.pid = 300, .parent = 1ULL << 32U});
    ASSERT_NE(process, nullptr);
    EXPECT_EQ(lineage.parent(*process), nullptr);
    EXPECT_NE(apply({.event_class = EventClass::process_start,
                     .pid = 300,
                     .parent = 0,
                     .child = 1ULL << 32U}),
              nullptr);
}

TEST_F(LineageTest, an_impossible_parent_is_none_whenever_it_is_named) {
    for (const std::uint64_t parent :
         {0xffffffffULL, (1ULL << 32U) + 50, Lineage::kPidMax + 1ULL}) {
        exec(50, 1, "/usr/bin/bash");
        message("USER_START", 310, "/usr/sbin/sshd");  // names no parent
        const Process* process = apply({.pid = 310, .parent = parent});
        ASSERT_NE(process, nullptr);
        EXPECT_EQ(lineage.parent(*process), nullptr) << parent;
    }
}

TEST_F(LineageTest, an_impossible_child_is_nobody) {
    exec(50, 1, "/usr/bin/cat");
    const std::size_t before = known();
    apply({.event_class = EventClass::process_start,
           .action = "clone",
           .pid = 50,
           .parent = 1,
           .executable = "/usr/bin/cat",
           .child = (1ULL << 32U) + 60});
    EXPECT_EQ(known(), before);
    EXPECT_EQ(lineage.counts().impossible_pids, 1U);
}

TEST_F(LineageTest, a_process_is_never_its_own_ancestor) {
    message("USER_START", 299, "/usr/sbin/sshd");
    EXPECT_EQ(lineage.parent(*apply({.pid = 299, .parent = 299})), nullptr);
    apply({.pid = 300, .parent = 300});
    apply({.pid = 301, .parent = 302});
    apply({.pid = 302, .parent = 301});
    const Process* process = apply({.pid = 301, .parent = 302});
    std::size_t steps = 0;
    lineage.ancestors(*process, [&](const Process&) { return ++steps < 100; });
    EXPECT_LE(steps, Lineage::kAncestorsMax);
    static_cast<void>(lineage.tree_root(*process));
}

TEST_F(LineageTest, at_its_limit_the_least_recent_process_goes_and_ancestors_stay) {
    exec(10, 1, "/usr/sbin/sshd");
    exec(11, 10, "/usr/bin/bash");
    exec(12, 1, "/usr/bin/idle");
    const ProcessRef idle = apply({.pid = 12, .parent = 1, .executable = "/usr/bin/idle"})->self;
    std::size_t evictions = 0;
    lineage.on_eviction([&](const Process&) { ++evictions; });
    std::uint64_t pid = 1000;
    while (known() < Lineage::kProcessesMax) {
        exec(pid++, 11, "/usr/bin/true");
    }
    EXPECT_EQ(evictions, 0U);
    EXPECT_NE(lineage.find(idle), nullptr);
    const Process* newest = exec(pid++, 11, "/usr/bin/true");
    EXPECT_EQ(evictions, 1U);
    EXPECT_EQ(known(), Lineage::kProcessesMax);
    for (std::size_t i = 0; i < 100; ++i) {
        newest = exec(pid++, 11, "/usr/bin/true");
    }
    EXPECT_EQ(lineage.find(idle), nullptr);
    ASSERT_NE(lineage.parent(*newest), nullptr);
    EXPECT_EQ(lineage.tree_root(*newest).pid.value, 10U);
    EXPECT_EQ(lineage.counts().processes_evicted, evictions);
}

TEST_F(LineageTest, at_its_limit_the_least_recent_sessions_go) {
    for (std::uint32_t id = 1; id <= Lineage::kSessionsMax; ++id) {
        message("LOGIN", 90, "/usr/sbin/sshd", id);
    }
    EXPECT_EQ(lineage.counts().sessions_evicted, 0U);
    message("USER_START", 90, "/usr/sbin/sshd", 1);
    message("LOGIN", 90, "/usr/sbin/sshd", Lineage::kSessionsMax + 1);
    EXPECT_EQ(lineage.counts().sessions_evicted, Lineage::kSessionsMax / 16);
    EXPECT_NE(lineage.session(SessionId{1}), nullptr);
    EXPECT_EQ(lineage.session(SessionId{2}), nullptr);
    EXPECT_NE(lineage.session(SessionId{Lineage::kSessionsMax}), nullptr);
}

TEST_F(LineageTest, names_are_learned_once_and_root_is_known) {
    EXPECT_EQ(lineage.user_name(0), "root");
    EXPECT_EQ(lineage.user_name(1007), "uid 1007");
}

}  // namespace
}  // namespace mailvigil::lineage
