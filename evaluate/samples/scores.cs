#!/usr/bin/env -S dotnet run
#:package Microsoft.ML@4.0.2
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false

// Loads the tables of a rollout report with ML.NET and prints what they say.
// usage: dotnet run evaluate/samples/scores.cs -- reports/cartpole-rollout-v1
// LoadColumn's numbers are those of columns.json in the report's folder; a test holds them against the tables that the tool writes.
using Microsoft.ML;
using Microsoft.ML.Data;

var folder = args is [var named] ? named : throw new ArgumentException("Name the folder of a rollout report.");
var ml = new MLContext(seed: 0);

var rollouts = ml.Data.CreateEnumerable<Rollout>(Load<Rollout>("rollouts.csv"), reuseRowObject: false).ToList();
foreach (var policy in rollouts.GroupBy(r => (r.Policy, r.Task)))
    Console.WriteLine($"{policy.Key.Policy} on {policy.Key.Task}: {policy.Count()} episodes, mean return {policy.Average(r => r.Return):0.0}, mean length {policy.Average(r => r.Length):0.0}");

foreach (var score in ml.Data.CreateEnumerable<Score>(Load<Score>("scores.csv"), reuseRowObject: false))
    Console.WriteLine($"{score.Policy} on {score.Task} ({score.Selection}): {score.Mean:0.0} [{score.MeanLow:0.0}, {score.MeanHigh:0.0}] over {score.Units} {score.Unit}");

// Empty fields become NaN where the type is float or double; texts may be quoted.
IDataView Load<T>(string file) => ml.Data.LoadFromTextFile<T>(
    Path.Combine(folder, file),
    new TextLoader.Options { Separators = [','], HasHeader = true, AllowQuoting = true, MissingRealsAsNaNs = true });

sealed class Rollout
{
    [LoadColumn(0)] public string Algorithm { get; set; } = "";

    [LoadColumn(1)] public string Policy { get; set; } = "";

    [LoadColumn(2)] public string Task { get; set; } = "";

    [LoadColumn(4)] public string Label { get; set; } = "";

    [LoadColumn(5)] public float Seed { get; set; }

    [LoadColumn(9)] public int Episode { get; set; }

    [LoadColumn(10)] public double Return { get; set; }

    [LoadColumn(11)] public int Length { get; set; }

    [LoadColumn(12)] public bool Terminated { get; set; }

    [LoadColumn(13)] public bool Truncated { get; set; }

    [LoadColumn(15)] public double DiscountedReturn { get; set; }
}

sealed class Score
{
    [LoadColumn(0)] public string Algorithm { get; set; } = "";

    [LoadColumn(1)] public string Policy { get; set; } = "";

    [LoadColumn(2)] public string Task { get; set; } = "";

    [LoadColumn(4)] public string Selection { get; set; } = "";

    [LoadColumn(5)] public string Unit { get; set; } = "";

    [LoadColumn(6)] public int Units { get; set; }

    [LoadColumn(8)] public double Mean { get; set; }

    [LoadColumn(9)] public double MeanLow { get; set; }

    [LoadColumn(10)] public double MeanHigh { get; set; }
}
