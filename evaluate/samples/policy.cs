#!/usr/bin/env -S dotnet run
#:package Microsoft.ML@4.0.2
#:package Microsoft.ML.OnnxTransformer@4.0.2
#:package Microsoft.ML.OnnxRuntime@1.20.1
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false

// Acts with an exported CartPole policy in ML.NET. The model was made by
//   offlinerl evaluate export --policy run:cartpole-dqn,seed=0 --out policy.onnx
// usage: dotnet run evaluate/samples/policy.cs -- policy.onnx
using Microsoft.ML;
using Microsoft.ML.Data;

var ml = new MLContext(seed: 0);
Observed[] rows = [new() { Observation = [0.01f, 0, 0.03f, 0.1f] }, new() { Observation = [0.01f, 0, -0.03f, -0.1f] }];
var data = ml.Data.LoadFromEnumerable(rows);
var model = ml.Transforms.ApplyOnnxModel(
    outputColumnNames: ["action", "probabilities"],
    inputColumnNames: ["observation"],
    modelFile: args is [var named] ? named : throw new ArgumentException("Name the model, such as policy.onnx."),
    // One row at a time: the batch is 1.
    shapeDictionary: new Dictionary<string, int[]> { ["observation"] = [1, 4] }).Fit(data);
foreach (var row in ml.Data.CreateEnumerable<Acted>(model.Transform(data), reuseRowObject: false))
    Console.WriteLine($"action {row.Action[0]}, probabilities {string.Join(" ", row.Probabilities.Select(p => p.ToString("0.000")))}");

sealed class Observed
{
    [ColumnName("observation"), VectorType(4)] public float[] Observation { get; set; } = [];
}

sealed class Acted
{
    [ColumnName("action"), VectorType(1)] public long[] Action { get; set; } = [];

    [ColumnName("probabilities"), VectorType(2)] public float[] Probabilities { get; set; } = [];
}
