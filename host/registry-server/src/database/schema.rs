//! The tables, as steps from an empty database to a current one. It does not know what is done with them.

/// `user_version` counts the steps that were taken. Steps are only ever added. Times are seconds since the Unix epoch.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE registry (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        identity TEXT NOT NULL,
        made     INTEGER NOT NULL,
        mirrors  TEXT -- what is mirrored; whoever mirrors only answers
    ) STRICT;
    CREATE TABLE root (
        version  INTEGER PRIMARY KEY,
        document TEXT NOT NULL -- with its signatures
    ) STRICT;
    CREATE TABLE head (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        version  INTEGER NOT NULL,
        issued   INTEGER NOT NULL,
        expires  INTEGER NOT NULL,
        plugins  INTEGER NOT NULL,
        document TEXT NOT NULL
    ) STRICT;
    -- Those that the head names, and for a while those that an earlier one did.
    CREATE TABLE shard (
        digest   TEXT PRIMARY KEY,
        id       TEXT NOT NULL,
        bytes    BLOB NOT NULL,
        replaced INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX shard_of_head ON shard (id) WHERE replaced IS NULL;

    CREATE TABLE account (
        id       INTEGER PRIMARY KEY,
        name     TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL, -- hashed
        made     INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE token (
        id      TEXT PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
        hash    TEXT NOT NULL,
        label   TEXT NOT NULL,
        scopes  TEXT NOT NULL, -- words with spaces between them
        made    INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        used    INTEGER
    ) STRICT;
    CREATE INDEX token_of_account ON token (account);
    CREATE INDEX token_by_end ON token (expires);
    CREATE TABLE reviewer_key (
        account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
        key     TEXT NOT NULL,
        made    INTEGER NOT NULL,
        PRIMARY KEY (account, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE plugin (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL UNIQUE, -- the plugin's id
        shard      TEXT NOT NULL,
        made       INTEGER NOT NULL,
        deprecated TEXT,
        -- What is below follows from other tables, and stands here for searching.
        latest     INTEGER, -- the version that stands for it
        title      TEXT NOT NULL DEFAULT '',
        words      BLOB NOT NULL DEFAULT x'', -- what is counted of it: numbers of `trait_word`, four bytes each
        asks       INTEGER NOT NULL DEFAULT 0, -- how many permissions it asks for
        hidden     INTEGER NOT NULL DEFAULT 0,
        updated    INTEGER NOT NULL DEFAULT 0,
        recent     INTEGER NOT NULL DEFAULT 0, -- downloads in 90 days
        total      INTEGER NOT NULL DEFAULT 0,
        stars      INTEGER NOT NULL DEFAULT 0,
        ratings    INTEGER NOT NULL DEFAULT 0,
        score      REAL NOT NULL DEFAULT 0
    ) STRICT;
    -- Apart from what is searched, so that this stays small.
    CREATE TABLE shown (
        plugin INTEGER PRIMARY KEY REFERENCES plugin ON DELETE CASCADE,
        record TEXT NOT NULL DEFAULT '{}', -- what the index says of it
        hit    TEXT NOT NULL DEFAULT '{}' -- what a search shows
    ) STRICT;
    CREATE INDEX plugin_by_shard ON plugin (shard);
    -- With all that is asked for where nothing is looked for.
    CREATE INDEX plugin_by_use ON plugin (recent DESC, name, hidden, latest, asks, words);
    CREATE TABLE owner (
        plugin  INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
        since   INTEGER NOT NULL,
        PRIMARY KEY (plugin, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX owner_by_account ON owner (account);
    CREATE TABLE author_key (
        plugin      INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        position    INTEGER NOT NULL,
        key         TEXT NOT NULL,
        endorsement TEXT,
        PRIMARY KEY (plugin, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE version (
        id           INTEGER PRIMARY KEY,
        plugin       INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        version      TEXT NOT NULL,
        package      TEXT NOT NULL,
        size         INTEGER NOT NULL,
        key          TEXT NOT NULL,
        signature    TEXT NOT NULL,
        published    INTEGER NOT NULL,
        publisher    TEXT NOT NULL,
        permissions  TEXT NOT NULL,
        dependencies TEXT NOT NULL,
        oldest_host  TEXT,
        yanked       TEXT,
        yanked_at    INTEGER,
        withdrawn    INTEGER NOT NULL DEFAULT 0,
        total        INTEGER NOT NULL DEFAULT 0, -- downloads
        UNIQUE (plugin, version)
    ) STRICT;
    CREATE INDEX version_by_package ON version (package);
    CREATE TABLE detail (
        version  INTEGER PRIMARY KEY REFERENCES version ON DELETE CASCADE,
        manifest TEXT NOT NULL,
        wit      TEXT NOT NULL,
        imports  TEXT NOT NULL,
        exports  TEXT NOT NULL,
        readme   TEXT,
        notes    TEXT NOT NULL,
        files    TEXT NOT NULL
    ) STRICT;

    -- What the versions that stand for their plugins are found by.
    CREATE TABLE trait_word (
        id    INTEGER PRIMARY KEY,
        sort  TEXT NOT NULL,
        value TEXT NOT NULL,
        UNIQUE (sort, value)
    ) STRICT;
    CREATE TABLE trait (
        word   INTEGER NOT NULL REFERENCES trait_word,
        plugin INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        PRIMARY KEY (word, plugin)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX trait_of_plugin ON trait (plugin);
    CREATE TABLE dependency (
        target      TEXT NOT NULL,
        plugin      INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        requirement TEXT NOT NULL,
        PRIMARY KEY (target, plugin)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX dependency_of_plugin ON dependency (plugin);
    CREATE VIRTUAL TABLE words USING fts5(
        name, id, tags, capabilities, description, readme,
        content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = \"unicode61 remove_diacritics 2\"
    );

    CREATE TABLE notice (
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        plugin    INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        severity  TEXT NOT NULL,
        versions  TEXT NOT NULL,
        summary   TEXT NOT NULL,
        url       TEXT,
        published INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notice_of_plugin ON notice (plugin);
    CREATE TABLE review (
        plugin   INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE,
        version  INTEGER NOT NULL REFERENCES version ON DELETE CASCADE,
        account  INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
        stars    INTEGER NOT NULL,
        written  INTEGER NOT NULL,
        counts   INTEGER NOT NULL, -- the newest of this account about this plugin
        key      TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (version, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX review_of_plugin ON review (plugin, written DESC);
    CREATE INDEX review_by_account ON review (account);
    CREATE TABLE download (
        version INTEGER NOT NULL REFERENCES version ON DELETE CASCADE,
        day     INTEGER NOT NULL, -- of UTC, since the Unix epoch
        count   INTEGER NOT NULL,
        PRIMARY KEY (version, day)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE upload (
        id      TEXT PRIMARY KEY,
        account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
        package TEXT NOT NULL,
        size    INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        UNIQUE (account, package)
    ) STRICT;
",
    "
    -- By who runs the registry: nobody signs in.
    ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
    -- Given by who runs the registry, so that no owner takes it back.
    ALTER TABLE notice ADD COLUMN official INTEGER NOT NULL DEFAULT 0;
",
];
