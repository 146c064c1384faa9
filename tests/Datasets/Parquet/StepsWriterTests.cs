using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Parquet;

/// <summary>What our own encoder writes, as DuckDB reads it.</summary>
public sealed class StepsWriterTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    // Taken when DuckDB wrote the steps: the same data is the same dataset, whoever writes it.
    [Fact]
    public void ContentHash_IsThatOfTheSameData_BeforeTheEncoderWasOurs() => Assert.Equal(
        "sha256:40756a3dbe6943932c0b887f01b285ce8c99fc059e24f9358c60353708300cb5",
        VariedEpisodes.Make(_workspace.Workspace, "full", VariedEpisodes.Full, 1, 2, 7, 100, 8, 300, 1, 1, 900, 33).Manifest.ContentHash);

    [Fact]
    public void Dataset_WithNullsInEveryNullableColumn_ComesBackAsWritten()
    {
        int[] steps = [1, 2, 7, 100, 8, 300, 1, 1, 900, 33, 5000, 4];
        var first = VariedEpisodes.Make(_workspace.Workspace, "full", VariedEpisodes.Full, steps);
        Assert.Empty(first.Findings(NullProgress.Instance));
        foreach (var column in TrajectorySchema.Of(first.Manifest).StepColumns)
        {
            var (nulls, values) = (Query($"SELECT count(*) FILTER ({DuckDbSql.Name(column.Name)} IS NULL) FROM {From(first)}"), Query($"SELECT count({DuckDbSql.Name(column.Name)}) FROM {From(first)}"));
            Assert.Equal(column.Nullable && column.Name is not ("info_count" or "info_flag" or "info_logits"), nulls != "0");
            Assert.NotEqual("0", values);
        }

        // Numbers that are none or have no bound are values of a list, not nulls.
        var numbers = $"(SELECT unnest(info_logits) AS x FROM {From(first)})";
        Assert.Equal("true", Query($"SELECT count(x) = count(*) AND bool_or(isnan(x)) AND bool_or(x = 'inf'::DOUBLE) AND bool_or(x = '-inf'::DOUBLE) FROM {numbers}"));

        // Written again from what was read, it has the hash of what was written first.
        var second = DatasetSplitter.Run(_workspace.Workspace, first, "again", SplitRule.AllTrain, NullProgress.Instance);
        Assert.Equal(first.Manifest.ContentHash, second.ContentHash);
    }

    [Theory]
    [InlineData(2048, 6144, 1, 1)]
    [InlineData(2048, 6145, 2, 1)]
    [InlineData(2048, 24_577, 5, 2)]
    [InlineData(100_000, 170, 2, 1)]
    public void RowGroupsAndParts_EndAtTheirLimit(int width, int steps, int groups, int parts)
    {
        var description = new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(width), ActionSpace = new DiscreteSpace(2) };
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "wide", description))
        {
            for (var (from, episode) = (0, 0); from < steps; episode++)
            {
                var count = Math.Min(width == 2048 ? 5000 : 60, steps - from);
                var observations = new float[count * width];
                for (var i = 0; i < count; i++)
                    (observations[i * width], observations[((i + 1) * width) - 1]) = (from + i, -from - i);
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{episode}", BehaviorPolicy = "p", Observations = observations, DiscreteActions = new int[count], Rewards = new double[count], Truncated = true,
                });
                from += count;
            }

            writer.Commit();
        }

        var dataset = Dataset.Open(_workspace.Workspace, "wide");
        Assert.Equal(parts, dataset.StepFiles.Count);
        Assert.Equal($"{groups}", Query($"SELECT sum(num_row_groups) FROM parquet_file_metadata({Files(dataset)})"));
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        Assert.Equal($"{steps}", Query($"SELECT count(*) FROM (SELECT *, row_number() OVER () - 1 AS row FROM {From(dataset)}) WHERE observation[1] = row AND observation[{width}] = -row AND len(observation) = {width}"));
    }

    [Fact]
    public void LargeTexts_EndARowGroupEarly()
    {
        var description = new DatasetDescription { ObservationSpace = new DiscreteSpace(2), ActionSpace = new DiscreteSpace(2), InfoColumns = [new("info_page", InfoType.Text)] };
        const int steps = 100, length = 1 << 20;
        string[] texts = [.. Enumerable.Range(0, steps).Select(i => i % 10 == 9 ? "short" : $"{i}:" + new string((char)('a' + (i % 26)), length))];
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "texts", description))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a", BehaviorPolicy = "p", Observations = new float[steps], DiscreteActions = new int[steps], Rewards = new double[steps], Truncated = true, Info = [InfoValues.Of(texts)],
            });
            writer.Commit();
        }

        var dataset = Dataset.Open(_workspace.Workspace, "texts");
        Assert.Equal("2", Query($"SELECT num_row_groups FROM parquet_file_metadata({Files(dataset)})"));
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => Assert.Equal(texts, e.Info[0].Texts.ToArray()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(63)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(20_000)]
    public void Numbers_OfEveryPattern_ComeBack(int steps)
    {
        var random = RandomStream.Create(1, "patterns");
        (string Name, Func<int, long> Of)[] patterns =
        [
            ("constant", _ => 7), ("alternating", i => i % 2), ("rising", i => i), ("falling", i => -3L * i), ("runs", i => i / 45), ("short_runs", i => i / 7 % 5),
            ("growing_runs", i => (long)Math.Sqrt(i)), ("few", _ => random.NextInt(5)), ("many", _ => random.NextInt(4096)), ("too_many", i => i % 4097),
            ("random", _ => (long)random.NextUInt64()), ("extremes", i => i % 3 == 0 ? long.MinValue : i % 3 == 1 ? long.MaxValue : 0), ("echo", i => i % 1013 * 0x1234567),
            ("far_echo", i => i % 9001 * 0x123456789), ("mostly_one", i => random.NextInt(50) == 0 ? i : 1),
        ];
        long[][] integers = [.. patterns.Select(p => Enumerable.Range(0, steps).Select(p.Of).ToArray())];
        var description = new DatasetDescription
        {
            ObservationSpace = new DiscreteSpace(2),
            ActionSpace = new DiscreteSpace(2),
            InfoColumns = [.. patterns.SelectMany(p => (InfoColumn[])[new($"info_{p.Name}_i", InfoType.Integer), new($"info_{p.Name}_d"), new($"info_{p.Name}_t", InfoType.Text), new($"info_{p.Name}_b", InfoType.Boolean)])],
        };
        InfoValues[] info =
        [
            .. integers.SelectMany(values => (InfoValues[])
            [
                InfoValues.Of(values),
                InfoValues.Of(values.Select(v => v % 5 == 4 ? double.NaN : v / 8.0).ToArray()),
                InfoValues.Of(values.Select(v => v % 11 == 10 ? null : $"text {v}").ToArray()),
                InfoValues.Of(values.Select(v => (v & 1) == 0).ToArray()),
            ]),
        ];
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "patterns", description))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a", BehaviorPolicy = "p", Observations = new float[steps], DiscreteActions = new int[steps], Rewards = new double[steps], Truncated = true, Info = info,
            });
            writer.Commit();
        }

        var dataset = Dataset.Open(_workspace.Workspace, "patterns");
        var seen = 0;
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            for (var i = 0; i < info.Length; i++)
            {
                Assert.Equal(info[i].Doubles.ToArray(), e.Info[i].Doubles.ToArray());
                Assert.Equal(info[i].Integers.ToArray(), e.Info[i].Integers.ToArray());
                Assert.Equal(info[i].Booleans.ToArray(), e.Info[i].Booleans.ToArray());
                Assert.Equal(info[i].Texts.ToArray(), e.Info[i].Texts.ToArray());
                seen++;
            }
        });
        Assert.Equal(patterns.Length * 4, seen);
    }

    [Fact]
    public void Columns_AreWrittenAsSuitsTheirValues()
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "plain", VariedEpisodes.Plain, 20_000, 1);
        Assert.Equal("SNAPPY RLE_DICTIONARY", Encoding(dataset, "observation"));
        Assert.Equal("SNAPPY RLE_DICTIONARY", Encoding(dataset, "reward"));
        Assert.Equal("UNCOMPRESSED PLAIN", Encoding(dataset, "action"));
        // Numbers that only rise repeat nothing.
        Assert.Equal("UNCOMPRESSED PLAIN", Encoding(dataset, "step"));
        Assert.InRange(long.Parse(Query($"SELECT sum(total_compressed_size) FROM parquet_metadata({Files(dataset)}) WHERE path_in_schema LIKE 'behavior%' OR path_in_schema IN ('action_mask, list, element', 'timestamp')"), null), 1, 400);
    }

    [Fact]
    public void Statistics_AreThoseOfTheRows()
    {
        var dataset = VariedEpisodes.Make(_workspace.Workspace, "full", VariedEpisodes.Full, 100, 130_000, 2000);
        Assert.Equal("2", Query($"SELECT num_row_groups FROM parquet_file_metadata({Files(dataset)})"));
        foreach (var (column, type) in new[] { ("episode_id", "BIGINT"), ("step", "INTEGER"), ("action", "INTEGER"), ("reward", "DOUBLE"), ("behavior_log_prob", "DOUBLE"), ("info_count", "BIGINT"), ("info_speed", "DOUBLE") })
        {
            var found = Query($"SELECT list([stats_min_value::{type}::VARCHAR, stats_max_value::{type}::VARCHAR, stats_null_count::VARCHAR] ORDER BY row_group_id) FROM parquet_metadata({Files(dataset)}) WHERE path_in_schema = '{column}'");
            var expected = Query($"""
                SELECT list([least, most, nulls] ORDER BY g) FROM (
                  SELECT g, min({column})::VARCHAR AS least, max({column})::VARCHAR AS most, count(*) FILTER ({column} IS NULL)::VARCHAR AS nulls
                  FROM (SELECT {column}, (row_number() OVER () - 1) // {TrajectorySchema.Of(dataset.Manifest).RowGroupRows} AS g FROM {From(dataset)}) GROUP BY g)
                """);
            // The smaller of the zeros is the minimum that all readers take.
            Assert.Equal(expected, found.Replace("-0.0", "0.0", StringComparison.Ordinal));
        }

        Assert.Equal("2000", Query($"SELECT count(*) FROM {From(dataset)} WHERE episode_id = 2"));
    }

    static string Encoding(Dataset dataset, string column) =>
        Query($"SELECT compression || CASE WHEN encodings LIKE '%DICT%' THEN ' RLE_DICTIONARY' ELSE ' PLAIN' END FROM parquet_metadata({Files(dataset)}) WHERE path_in_schema = '{column}' OR path_in_schema LIKE '{column},%'");

    static string From(Dataset dataset) => $"read_parquet({Files(dataset)})";

    static string Files(Dataset dataset) => DuckDbSql.Texts(dataset.StepFiles.Select(dataset.PathOf));

    static string Query(string sql) => Logging.LogSamples.Query(sql);
}
