#!/usr/bin/env -S dotnet run
#:package Microsoft.ML@4.0.2
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false

// Loads the estimates of an off-policy evaluation with ML.NET and prints those that may be believed.
// usage: dotnet run evaluate/samples/estimates.cs -- reports/cartpole-ope-v1
// Columns are found by their names here, in the header: for the tables whose columns still move.
using Microsoft.ML;
using Microsoft.ML.Data;

var path = Path.Combine(args is [var named] ? named : throw new ArgumentException("Name the folder of an ope report."), "estimates.csv");
var header = File.ReadLines(path).First().Split(',');
var ml = new MLContext(seed: 0);
var table = ml.Data.LoadFromTextFile(path, new TextLoader.Options
{
    Separators = [','],
    HasHeader = true,
    AllowQuoting = true,
    MissingRealsAsNaNs = true,
    Columns =
    [
        Column("policy", DataKind.String),
        Column("estimator", DataKind.String),
        Column("estimate", DataKind.Double),
        Column("low", DataKind.Double),
        Column("high", DataKind.Double),
        Column("effective_sample_size", DataKind.Double),
        Column("verdict", DataKind.String),
    ],
});

foreach (var row in ml.Data.CreateEnumerable<Estimate>(table, reuseRowObject: false).Where(e => e.Verdict.StartsWith("usable", StringComparison.Ordinal)))
    Console.WriteLine($"{row.Policy}, {row.Estimator}: {row.Value:0.00} [{row.Low:0.00}, {row.High:0.00}], {row.EffectiveSampleSize:0} effective episodes");

TextLoader.Column Column(string name, DataKind kind) => new(name, kind, Array.IndexOf(header, name) is >= 0 and var index ? index : throw new InvalidDataException($"{path} has no column {name}."));

sealed class Estimate
{
    [ColumnName("policy")] public string Policy { get; set; } = "";

    [ColumnName("estimator")] public string Estimator { get; set; } = "";

    [ColumnName("estimate")] public double Value { get; set; }

    [ColumnName("low")] public double Low { get; set; }

    [ColumnName("high")] public double High { get; set; }

    [ColumnName("effective_sample_size")] public double EffectiveSampleSize { get; set; }

    [ColumnName("verdict")] public string Verdict { get; set; } = "";
}
