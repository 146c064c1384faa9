using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class TrajectorySchemaTests : IDisposable
{
    static readonly TrajectorySchema[] Schemas =
    [
        new(BoxSpace.Unbounded(4), new DiscreteSpace(2), []),
        new(new DiscreteSpace(5), BoxSpace.Unbounded(2), []),
        new(new BoxSpace([3], [0, 0, 0], [255, 255, 255], ElementType.UInt8), new DiscreteSpace(2), []),
        new(BoxSpace.Unbounded(4), new DiscreteSpace(2), []) { ActionFeatures = 3 },
    ];

    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Readme_ShowsEveryColumnAsTheContractHasIt()
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(Checkout.Root, "datasets", "README.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 6)];
        string[] names = [.. rows.Select(cells => cells[1].Trim('`'))];
        foreach (TrajectorySchema schema in Schemas)
        {
            SchemaColumn[] columns = [.. schema.StepColumns, .. schema.EpisodeColumns];
            bool Fits(string name) => name != "info_*" && (name != "action_features" || schema.ActionFeatures > 0);
            Assert.Equal(columns.Select(c => c.Name), names.Where(Fits));
            foreach ((SchemaColumn column, string[] cells) in columns.Zip(rows.Where(cells => Fits(cells[1].Trim('`')))))
            {
                Assert.Contains(column.Type, cells[2].Replace(" where discrete", "", StringComparison.Ordinal).Replace(" where uint8", "", StringComparison.Ordinal)
                    .Replace(" where continuous", "", StringComparison.Ordinal).Split(", "));
                Assert.Equal(column.Nullable ? "yes" : "no", cells[3]);
                Assert.Equal(column.Meaning, cells[4]);
            }
        }
    }

    [Fact]
    public void WrittenFiles_HaveTheContractsColumns()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        Dataset dataset = Dataset.Open(_workspace.Workspace, "sample");
        Assert.Equal(Schemas[0].StepColumns.Select(c => (c.Name, c.Type)), Describe(dataset.PathOf(dataset.StepFiles[0])));
        Assert.Equal(Schemas[0].EpisodeColumns.Select(c => (c.Name, c.Type)), Describe(Path.Combine(dataset.Folder, Dataset.EpisodesFile)));
    }

    [Theory]
    [InlineData(4, 122_880, 491_520)]
    [InlineData(2_048, 6_144, 24_576)]
    [InlineData(10_000, 2_048, 6_144)]
    [InlineData(100_000, 2_048, 2_048)]
    public void RowGroups_TakeSixtyFourMebibytesWithinTheBounds(int observationWidth, int rows, int partRows)
    {
        TrajectorySchema schema = new(BoxSpace.Unbounded(observationWidth), new DiscreteSpace(2), []);
        Assert.Equal(rows, schema.RowGroupRows);
        Assert.Equal(partRows, schema.PartRows);
    }

    static List<(string, string)> Describe(string path)
    {
        using DuckDbDatabase database = DuckDbDatabase.OpenInMemory();
        using DuckDbConnection connection = database.Connect();
        using DuckDbResult result = connection.Query($"DESCRIBE SELECT * FROM read_parquet({DuckDbSql.Text(path)})");
        List<(string, string)> columns = [];
        while (result.Next() is { } chunk)
        {
            for (int row = 0; row < chunk.Rows; row++)
            {
                columns.Add((chunk[0].Text(row), chunk[1].Text(row)));
            }

            chunk.Dispose();
        }

        return columns;
    }
}
