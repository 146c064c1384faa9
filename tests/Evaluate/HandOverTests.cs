using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Evaluate.Export;
using OfflineRL.Tests.Train;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate;

/// <summary>What analysts take over: columns as documented, samples that fit the tables and models that the tool writes.</summary>
public sealed partial class HandOverTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Columns_OfAReport_AreThoseOfItsFiles()
    {
        var folder = Rollout();
        using var columns = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "columns.json")));
        foreach (var table in columns.RootElement.EnumerateObject())
        {
            var header = File.ReadLines(Path.Combine(folder, table.Name + ".csv")).First().Split(',');
            Assert.Equal(header, table.Value.EnumerateArray().Select(c => c.GetProperty("name").GetString()!));
            Assert.Equal(Enumerable.Range(0, header.Length), table.Value.EnumerateArray().Select(c => c.GetProperty("load_column").GetInt32()));
        }

        var rollouts = columns.RootElement.GetProperty("rollouts").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => (c.GetProperty("data_kind").GetString(), c.GetProperty("empty").GetInt64()));
        Assert.Equal(("String", 0), rollouts["policy"]);
        Assert.Equal(("Int64", 20), rollouts["seed"]);
        Assert.Equal(("Double", 0), rollouts["return"]);
        Assert.Equal(("Int32", 0), rollouts["length"]);
        Assert.Equal(("Boolean", 0), rollouts["success"]);
        Assert.True(columns.RootElement.TryGetProperty("scores", out _));
    }

    [Theory]
    [InlineData("Rollout", typeof(RolloutRow), 11)]
    [InlineData("Score", typeof(ScoreRow), 9)]
    public void LoadColumns_OfTheSample_AreTheTablesOwn(string record, Type row, int expected)
    {
        var source = Sample("scores.cs");
        var body = source[source.IndexOf($"sealed class {record}\n", StringComparison.Ordinal)..];
        var members = LoadColumn().Matches(body[..body.IndexOf("\n}", StringComparison.Ordinal)]);
        Assert.Equal(expected, members.Count);
        var columns = row.GetProperties().OrderBy(p => p.MetadataToken).ToList();
        foreach (Match member in members)
        {
            var column = columns[int.Parse(member.Groups[1].Value, CultureInfo.InvariantCulture)];
            Assert.Equal(member.Groups[3].Value, column.Name);
            // An empty field has a place in a real number alone: it becomes NaN.
            var nullable = Nullable.GetUnderlyingType(column.PropertyType);
            string[] types = (nullable ?? column.PropertyType).Name switch
            {
                "String" => ["string"],
                "Boolean" => ["bool"],
                "Int32" => nullable is null ? ["int", "long", "float", "double"] : ["float", "double"],
                "Int64" => nullable is null ? ["long", "float", "double"] : ["float", "double"],
                _ => ["double", "float"],
            };
            Assert.Contains(member.Groups[2].Value, types);
        }
    }

    [Fact]
    public void Names_OfTheSampleOfEstimates_AreColumnsOfTheTable()
    {
        var names = ColumnName().Matches(Sample("estimates.cs")).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(7, names.Count);
        var columns = typeof(EstimateRow).GetProperties().Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).ToList();
        Assert.All(names, name => Assert.Contains(name, columns));
    }

    [Fact]
    public void Names_OfTheSampleOfAPolicy_AreThoseOfAnExportedModel()
    {
        var model = OnnxCase.Of(BoxSpace.Unbounded(4), new DiscreteSpace(2), new NetworkDescription { Inputs = 4, Hidden = [8], Outputs = 2 }).Model;
        var named = model.Graph.Input.Concat(model.Graph.Output).ToDictionary(v => v.Name, v => v.Type.TensorType.Shape.Dim.Select(d => d.DimValue).LastOrDefault());
        var columns = VectorColumn().Matches(Sample("policy.cs")).Select(m => (Name: m.Groups[1].Value, Size: long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture))).ToList();
        Assert.Equal(["observation", "action", "probabilities"], columns.Select(c => c.Name));
        Assert.Equal((4, 2), (named["observation"], named["probabilities"]));
        // A vector of one action stands for the batch of one.
        Assert.All(columns, c => Assert.Equal(c.Size, Math.Max(1, named[c.Name])));
    }

    [Fact]
    public void Queries_OfTheSampleOfRollouts_RunOnAReport()
    {
        var results = Query("rollout.sql", Rollout());
        Assert.Equal(["seeds", "mean", "worst", "best", "length", "success", "discounted"], results[0].Columns.Skip(3));
        // Two policies on two tasks; the change on one held-out task for each; the ten worst of forty.
        Assert.Equal([4, 2, 10], results.Select(r => r.Rows));
    }

    [Fact]
    public void Queries_OfTheSampleOfEstimates_RunOnAReport()
    {
        SmallLog.Write(_data.Workspace, "log", PropensitySource.Logged);
        var config = Config.Load<OpeConfig>(null, ["dataset=log", "policies=['columns:probs=behavior_probs']", "name=o", "resamples=20"]);
        var folder = OpeJob.Run(config, _data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None).Folder;
        var results = Query("estimates.sql", folder);
        Assert.True(results[0].Rows > 0);
        Assert.Equal(1, results[1].Rows);
    }

    // The first report's own trajectories are the log that tells the second what is held out.
    string Rollout()
    {
        var config = new RolloutConfig { Policies = ["builtin:scripted-weak", "builtin:uniform"], Environment = "CartPole-v1", Tasks = ["nominal"], Episodes = 2, Name = "log", SaveDataset = "log", Resamples = 20 };
        Run(config);
        return Run(config with { Tasks = ["nominal", "long-pole"], Episodes = 5, Name = "r", SaveDataset = "", Dataset = "log" });
    }

    string Run(RolloutConfig config) => RolloutJob.Run(config, _data.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None).Folder;

    static List<(List<string> Columns, long Rows)> Query(string sample, string folder)
    {
        using var database = DuckDbDatabase.OpenInMemory();
        using var connection = database.Connect();
        var script = Regex.Replace(Sample(sample), "'([a-z_]+\\.(?:parquet|csv))'", m => $"'{Path.Combine(folder, m.Groups[1].Value)}'");
        var results = new List<(List<string>, long)>();
        foreach (var query in script.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            using var result = connection.Query(query);
            var rows = 0L;
            while (result.Next() is { } chunk)
            {
                rows += chunk.Rows;
                chunk.Dispose();
            }

            results.Add(([.. Enumerable.Range(0, result.ColumnCount).Select(result.ColumnName)], rows));
        }

        return results;
    }

    static string Sample(string name) => File.ReadAllText(Path.Combine(Checkout.Root, "evaluate", "samples", name));

    [GeneratedRegex(@"\[LoadColumn\((\d+)\)\] public (\w+) (\w+) ")]
    private static partial Regex LoadColumn();

    [GeneratedRegex(@"\[ColumnName\(""(\w+)""\)\]")]
    private static partial Regex ColumnName();

    [GeneratedRegex(@"\[ColumnName\(""(\w+)""\), VectorType\((\d+)\)\]")]
    private static partial Regex VectorColumn();
}
