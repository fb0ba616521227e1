#include "detect/actor.h"

#include <fmt/format.h>

#include "detect/put_copy.h"
#include "lineage/lineage.h"

namespace mailvigil::detect {

using lineage::Lineage;
using lineage::Process;

namespace {

void identify(const Process& process, const Lineage& lineage, Identity& identity) {
    identity.entity_id = process.entity_id();
    identity.pid = process.pid.value;
    identity.executable = process.executable;
    if (process.script_kind == lineage::ScriptKind::file) {
        identity.script = process.script;
    }
    identity.user = process.user.value;
    identity.user_name = lineage.known_user_name(process.user.value);
    if (process.login_user != kUnset) {
        identity.login_user = process.login_user;
        identity.login_user_name = lineage.known_user_name(process.login_user);
    }
    if (process.session.value != kUnset) {
        identity.session = process.session.value;
        const lineage::Session* session = lineage.session(process);
        identity.source = session == nullptr ? std::nullopt : session->from;
    }
}

}  // namespace

Identity identity_of(const Process& process, const Lineage& lineage) {
    Identity identity;
    identify(process, lineage, identity);
    return identity;
}

Actor actor_of(const Process& process, const Lineage& lineage) {
    Actor actor;
    identify(process, lineage, actor);
    actor.parent_pid = process.parent_pid;
    actor.name = process.name;
    actor.args = process.args;
    actor.args_cut = process.args_cut;
    actor.command_line = process.command_line();
    actor.working_directory = process.working_directory;
    lineage.ancestors(process, [&](const Process& ancestor) {
        actor.ancestry.push_back(ancestor.executable.empty()
                                     ? fmt::format("pid {}", ancestor.pid.value)
                                     : ancestor.executable);
        return true;
    });
    return actor;
}

void put_identity(const Identity& identity, Event& event, Arena& arena) {
    put_copy(event, Field::process_entity_id, identity.entity_id, arena);
    event.set_process_pid(identity.pid);
    put_copy(event, Field::process_executable, identity.executable, arena);
    put_copy(event, Field::process_script, identity.script, arena);
    event.set_user_id(identity.user);
    put_copy(event, Field::user_name, identity.user_name, arena);
    if (identity.login_user) {
        event.set_login_user_id(*identity.login_user);
        put_copy(event, Field::login_user_name, identity.login_user_name, arena);
    }
    if (identity.session) {
        event.set_session_id(*identity.session);
    }
    if (identity.source) {
        event.set_source_ip(*identity.source);
    }
}

void put_actor(const Actor& actor, Event& event, Arena& arena) {
    put_identity(actor, event, arena);
    if (actor.parent_pid != 0) {
        event.set_process_parent_pid(actor.parent_pid);
    }
    put_copy(event, Field::process_name, actor.name, arena);
    put_copy(event, Field::process_args, actor.args, arena);
    put_copy(event, Field::process_command_line, actor.command_line, arena);
    put_copy(event, Field::process_working_directory, actor.working_directory, arena);
    put_copy(event, Field::process_ancestry, actor.ancestry, arena);
}

}  // namespace mailvigil::detect
