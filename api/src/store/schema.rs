//! The tables, generated from the migrated database; a test compares the two.
//!
//! To write it anew after a migration: `WRITE_SCHEMA=1 cargo test -p pbsweb --test database`.
#![allow(missing_docs, reason = "the columns are described by the comments in migrations/")]

diesel::table! {
    activity (id) {
        id -> Int8,
        at -> Timestamptz,
        user_id -> Nullable<Uuid>,
        session_id -> Nullable<Uuid>,
        action -> Text,
        subject -> Nullable<Text>,
        detail -> Text,
    }
}

diesel::table! {
    application_hosts (application_id, host_id) {
        application_id -> Uuid,
        host_id -> Uuid,
        session_id -> Uuid,
        folder -> Text,
        digest -> Text,
        n_entries -> Int8,
        n_bytes -> Int8,
        uploaded_at -> Timestamptz,
    }
}

diesel::table! {
    applications (id) {
        id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    build_output (build_id, first_byte) {
        build_id -> Uuid,
        first_byte -> Int8,
        bytes -> Bytea,
    }
}

diesel::table! {
    builds (id) {
        id -> Uuid,
        owner_id -> Uuid,
        session_id -> Uuid,
        application_id -> Uuid,
        host_id -> Uuid,
        command -> Text,
        digest -> Text,
        state -> Text,
        as_of -> Timestamptz,
        exit_status -> Nullable<Int4>,
        detail -> Nullable<Text>,
        is_cancel_requested -> Bool,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        n_output_bytes -> Int8,
        followed_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    deployment (is_only) {
        is_only -> Bool,
        site -> Uuid,
        place -> Text,
        restored_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    events (seq) {
        seq -> Int8,
        at -> Timestamptz,
        owner_id -> Nullable<Uuid>,
        body -> Jsonb,
    }
}

diesel::table! {
    failed_sign_ins (tried) {
        tried -> Text,
        n_failures -> Int4,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    group_members (group_id, user_id) {
        group_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        is_manager -> Bool,
        joined_at -> Timestamptz,
    }
}

diesel::table! {
    groups (id) {
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    host_accounts (user_id, host_id) {
        user_id -> Uuid,
        host_id -> Uuid,
        login -> Text,
        home -> Nullable<Text>,
        is_usable -> Bool,
        report -> Nullable<Jsonb>,
        checked_at -> Nullable<Timestamptz>,
        found_bin_folder -> Text,
        searched_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    host_health (id) {
        id -> Int8,
        host_id -> Uuid,
        at -> Timestamptz,
        status -> Text,
        detail -> Nullable<Text>,
        latency_ms -> Nullable<Int4>,
    }
}

diesel::table! {
    host_listings (host_id) {
        host_id -> Uuid,
        taken_at -> Timestamptz,
        jobs -> Bytea,
    }
}

diesel::table! {
    host_nodes (host_id) {
        host_id -> Uuid,
        asked_at -> Nullable<Timestamptz>,
        taken_at -> Nullable<Timestamptz>,
        nodes -> Nullable<Bytea>,
        problem -> Nullable<Text>,
        watched_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    host_watches (host_id) {
        host_id -> Uuid,
        holder -> Nullable<Uuid>,
        term -> Int8,
        status -> Text,
        detail -> Nullable<Text>,
        checked_at -> Nullable<Timestamptz>,
        snapshot_at -> Nullable<Timestamptz>,
        default_queue -> Nullable<Text>,
        listings -> Array<Timestamptz>,
        watched_at -> Nullable<Timestamptz>,
        latency_ms -> Nullable<Int4>,
        calls -> Array<Timestamptz>,
    }
}

diesel::table! {
    hosts (id) {
        id -> Uuid,
        name -> Text,
        description -> Text,
        address -> Text,
        port -> Int4,
        jump_host_id -> Nullable<Uuid>,
        dialect -> Text,
        bin_folder -> Text,
        offered_queues -> Array<Text>,
        keeps_output_in_place -> Bool,
        is_enabled -> Bool,
        host_keys -> Array<Text>,
        created_at -> Timestamptz,
        listed_by -> Nullable<Text>,
    }
}

diesel::table! {
    idempotency_keys (owner_id, key) {
        owner_id -> Uuid,
        key -> Text,
        digest -> Bytea,
        subject -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    job_action_items (action_id, position) {
        action_id -> Uuid,
        position -> Int4,
        job_id -> Uuid,
        pbs_ids -> Array<Text>,
        outcome -> Text,
        meaning -> Nullable<Text>,
        status -> Nullable<Int4>,
        words -> Nullable<Text>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    job_actions (id) {
        id -> Uuid,
        owner_id -> Uuid,
        session_id -> Uuid,
        steering -> Jsonb,
        undoes -> Nullable<Uuid>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        next_look_at -> Nullable<Timestamptz>,
        n_tries -> Int4,
    }
}

diesel::table! {
    job_events (id) {
        id -> Int8,
        job_id -> Uuid,
        at -> Timestamptz,
        state -> Text,
        source -> Text,
        reason -> Nullable<Text>,
        exit_status -> Nullable<Int4>,
        run -> Nullable<Int4>,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    job_renames (job_id) {
        job_id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
    }
}

diesel::table! {
    job_set_members (job_id) {
        job_id -> Uuid,
        set_id -> Uuid,
        position -> Int4,
        label -> Text,
        depends -> Jsonb,
        is_sent -> Bool,
        is_held_by_set -> Bool,
    }
}

diesel::table! {
    job_sets (id) {
        id -> Uuid,
        owner_id -> Uuid,
        session_id -> Uuid,
        host_id -> Uuid,
        state -> Text,
        reason -> Nullable<Text>,
        created_at -> Timestamptz,
        next_step_at -> Nullable<Timestamptz>,
        attended_by -> Nullable<Uuid>,
        n_tries -> Int4,
    }
}

diesel::table! {
    job_submissions (job_id) {
        job_id -> Uuid,
        job_folder -> Text,
        working_folder -> Text,
        text -> Text,
        arguments -> Array<Text>,
        stdout_path -> Text,
        stderr_path -> Text,
        content_digest -> Nullable<Text>,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        owner_id -> Uuid,
        session_id -> Uuid,
        host_id -> Uuid,
        application_id -> Nullable<Uuid>,
        script_id -> Uuid,
        revision_id -> Uuid,
        name -> Text,
        login -> Text,
        state -> Text,
        source -> Text,
        as_of -> Timestamptz,
        reason -> Nullable<Text>,
        pbs_id -> Nullable<Text>,
        queue -> Nullable<Text>,
        exit_status -> Nullable<Int4>,
        signal -> Nullable<Int4>,
        submitted_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        exec_host -> Nullable<Text>,
        walltime_seconds -> Nullable<Int8>,
        used_walltime_seconds -> Nullable<Int8>,
        used_memory_bytes -> Nullable<Int8>,
        is_delete_requested -> Bool,
        next_look_at -> Nullable<Timestamptz>,
        n_looks -> Int4,
        attended_by -> Nullable<Uuid>,
        end_cause -> Nullable<Text>,
        run_count -> Int4,
        looking -> Nullable<Jsonb>,
        subjobs -> Nullable<Jsonb>,
    }
}

diesel::table! {
    pinned_commands (application_id, digest) {
        application_id -> Uuid,
        digest -> Bytea,
        commands -> Text,
        pinned_at -> Timestamptz,
    }
}

diesel::table! {
    preferences (user_id) {
        user_id -> Uuid,
        body -> Jsonb,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    queues (host_id, name) {
        host_id -> Uuid,
        name -> Text,
        body -> Jsonb,
        as_of -> Timestamptz,
    }
}

diesel::table! {
    replicas (id) {
        id -> Uuid,
        name -> Text,
        started_at -> Timestamptz,
        alive_until -> Timestamptz,
    }
}

diesel::table! {
    revision_search (revision_id) {
        revision_id -> Uuid,
        owner_id -> Uuid,
        text -> Text,
    }
}

diesel::table! {
    saved_searches (id) {
        id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
        filter -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    script_revisions (id) {
        id -> Uuid,
        script_id -> Uuid,
        number -> Int4,
        session_id -> Uuid,
        draft -> Jsonb,
        text -> Text,
        created_at -> Timestamptz,
        parent -> Nullable<Int4>,
        label -> Nullable<Text>,
    }
}

diesel::table! {
    scripts (id) {
        id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
        application_id -> Nullable<Uuid>,
        host_id -> Nullable<Uuid>,
        n_revisions -> Int4,
        created_at -> Timestamptz,
        used_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        name -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        last_used_at -> Timestamptz,
        user_agent -> Text,
        address -> Text,
    }
}

diesel::table! {
    shared_applications (application_id, group_id) {
        application_id -> Uuid,
        group_id -> Uuid,
        owner_id -> Uuid,
        shared_at -> Timestamptz,
    }
}

diesel::table! {
    shared_scripts (script_id, group_id) {
        script_id -> Uuid,
        group_id -> Uuid,
        owner_id -> Uuid,
        shared_at -> Timestamptz,
    }
}

diesel::table! {
    ssh_keys (id) {
        id -> Uuid,
        user_id -> Uuid,
        public_line -> Text,
        fingerprint -> Text,
        sealed_private -> Bytea,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    subjobs (job_id, array_index) {
        job_id -> Uuid,
        array_index -> Int4,
        state -> Text,
        source -> Text,
        as_of -> Timestamptz,
        reason -> Nullable<Text>,
        exit_status -> Nullable<Int4>,
        signal -> Nullable<Int4>,
        end_cause -> Nullable<Text>,
        run_count -> Int4,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        user_name -> Text,
        display_name -> Text,
        email -> Text,
        password_hash -> Text,
        is_admin -> Bool,
        is_enabled -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    activity,
    application_hosts,
    applications,
    build_output,
    builds,
    deployment,
    events,
    failed_sign_ins,
    group_members,
    groups,
    host_accounts,
    host_health,
    host_listings,
    host_nodes,
    host_watches,
    hosts,
    idempotency_keys,
    job_action_items,
    job_actions,
    job_events,
    job_renames,
    job_set_members,
    job_sets,
    job_submissions,
    jobs,
    pinned_commands,
    preferences,
    queues,
    replicas,
    revision_search,
    saved_searches,
    script_revisions,
    scripts,
    sessions,
    shared_applications,
    shared_scripts,
    ssh_keys,
    subjobs,
    users,
);
