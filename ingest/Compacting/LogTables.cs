using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>
/// The segments of a log in SQL: their rows, and the episodes in them. An episode that an application went on with after a restart, under
/// the same id and from a later step, is one with the open episode of that id from an earlier session.
/// </summary>
sealed class LogTables
{
    readonly DuckDbConnection _connection;

    /// <param name="connection">Gets the tables.</param>
    /// <param name="files">Segments, and the rows carried over.</param>
    /// <param name="closeSessions">Open episodes of sessions up to this one are closed.</param>
    public LogTables(DuckDbConnection connection, IReadOnlyList<string> files, int closeSessions)
    {
        _connection = connection;
        connection.Execute($"CREATE VIEW log_rows AS SELECT * FROM read_parquet({DuckDbSql.Texts(files)}, union_by_name = true, filename = true, file_row_number = true)");
        connection.Execute(FormattableString.Invariant($"""
            CREATE TEMP TABLE episodes AS
            WITH begun AS (
                SELECT session, episode, min(step) FILTER (event = 0) AS first_step, any_value(id) FILTER (event = 0) AS id, coalesce(bool_or(event = 2), false) AS ended
                FROM log_rows WHERE event <> 1 GROUP BY session, episode HAVING bool_or(event = 0)),
            marked AS (
                SELECT *, coalesce(first_step = 0 OR lag(session) OVER earlier IS NULL OR lag(session) OVER earlier = session OR lag(ended) OVER earlier, true) AS starts
                FROM begun WINDOW earlier AS (PARTITION BY id ORDER BY session, episode)),
            chained AS (SELECT *, sum(starts::INTEGER) OVER (PARTITION BY id ORDER BY session, episode) AS chain FROM marked)
            SELECT session, episode,
                first_value(session) OVER whole AS root_session,
                first_value(episode) OVER whole AS root_episode,
                bool_or(ended) OVER whole AS ended,
                bool_or(ended) OVER whole OR max(session) OVER whole <= {closeSessions} AS closed
            FROM chained
            WINDOW whole AS (PARTITION BY id, chain ORDER BY session, episode ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
            """));
    }

    /// <summary>Columns of <see cref="Closed"/>, in their order.</summary>
    public const int RootSession = 0, RootEpisode = 1, Event = 2, Step = 3, Id = 4, Policy = 5, SplitKey = 6, Terminated = 7, Truncated = 8, File = 9, Row = 10, Observation = 11, Action = 12, Reward = 13, Rest = 14;

    public long Count(string condition) => Number($"SELECT count(DISTINCT (root_session, root_episode)) FROM episodes WHERE {condition}");

    /// <summary>Rows of the closed episodes, one episode after the other: where it begins, its steps, where it ends.</summary>
    public DuckDbResult Closed(DatasetDescription description) => _connection.Stream($"""
        SELECT e.root_session, e.root_episode, r.event, r.step, r.id, r.behavior_policy, r.split_key, r.terminated, r.truncated,
            r.filename, r.file_row_number, r.observation, r.action, r.reward
            {(description.PropensityKind == PropensityKind.None ? "" : ", r.behavior_log_prob")}
            {(description.HasBehaviorProbabilities ? ", r.behavior_probs" : "")}
            {(description.HasActionMask ? ", r.action_mask" : "")}
            {(description.HasTimestamp ? ", epoch_us(r.\"timestamp\")" : "")}
        FROM log_rows r JOIN episodes e ON r.session = e.session AND r.episode = e.episode
        WHERE e.closed
        ORDER BY e.root_session, e.root_episode, r.event <> 0, r.step, r.event, r.filename, r.file_row_number
        """);

    /// <summary>Writes the rows of episodes that wait into a file; false: there are none.</summary>
    public bool Carry(string path)
    {
        if (Number("SELECT count(*) FROM episodes WHERE NOT closed") == 0)
            return false;
        _connection.Execute($"""
            COPY (SELECT r.* EXCLUDE (filename, file_row_number) FROM log_rows r SEMI JOIN (FROM episodes WHERE NOT closed) e ON r.session = e.session AND r.episode = e.episode
            ORDER BY r.session, r.episode, r.event <> 0, r.step, r.event) TO {DuckDbSql.Text(path)} (FORMAT parquet)
            """);
        return true;
    }

    /// <summary>Rows whose episode never began: a segment before them is missing.</summary>
    public IEnumerable<(string File, long Row)> Strays()
    {
        using var result = _connection.Stream("SELECT filename, file_row_number FROM log_rows r ANTI JOIN episodes e ON r.session = e.session AND r.episode = e.episode");
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    yield return (chunk[0].Text(row), chunk[1].Values<long>()[row] + 1);
            }
        }
    }

    long Number(string sql)
    {
        using var result = _connection.Query(sql);
        using var chunk = result.Next()!;
        return chunk[0].Values<long>()[0];
    }
}
