using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Train;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate.Export;

/// <summary>What learners store is what the exporter reads: their policies, from the files, give in ONNX Runtime what they give here.</summary>
public sealed class OnnxLearnersTests(ITestOutputHelper output) : IDisposable
{
    const int Rows = 2000, Steps = 20;

    static readonly string[] Learners = ["bc", "dqn", "c51", "qr_dqn", "iqn", "rainbow", "rem", "discrete_bcq", "discrete_iql", "discrete_crr", "ppo"];

    readonly TrainData _data = new();

    // Skips the test, and only then is there something to train.
    readonly OnnxRuntime _runtime = new();

    public void Dispose()
    {
        _runtime.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void Policies_OfEveryKindOfLearner_AgreeInProbabilities()
    {
        var random = RandomStream.Create(4, "rows");
        var rows = new float[Rows * 3];
        foreach (ref var value in rows.AsSpan())
            value = (float)random.NextGaussian();
        var expected = new List<double[]>();
        using (var columns = _data.WriteSigns(logged: true))
        {
            foreach (var learner in Learners)
            {
                var config = TrainData.Tiny(learner) with { Name = learner, Steps = Steps, Normalization = new() { Observations = "standardize" } };
                TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
                var path = Path.Combine(_data.Root, learner + ".onnx");
                ExportJob.Run(new ExportConfig { Policies = [$"run:{learner},temperature=0.3,epsilon=0.05"], Out = path }, _data.Workspace, CancellationToken.None);
                _runtime.Add(File.ReadAllBytes(path), OnnxInput.Floats("observation", rows, Rows, 3));
                expected.Add(Probabilities(learner, rows));
            }
        }

        var results = _runtime.Run();
        for (var i = 0; i < Learners.Length; i++)
        {
            var found = results[i].Floats("probabilities");
            var largest = expected[i].Select((p, n) => Math.Abs(p - found[n])).Max();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Learners[i]}: probabilities {largest:0.0e0}"));
            Assert.True(largest <= 2e-5, Learners[i]);
            Assert.True(expected[i].Distinct().Count() > (Learners[i] == "discrete_bcq" ? 2 : 1000), Learners[i]);
        }
    }

    double[] Probabilities(string run, float[] rows)
    {
        using var policy = LearnedPolicy.Load(Path.Combine(_data.Workspace.RunsFolder, run, "seed-0", "policies", $"step-{Steps}"), temperature: 0.3, epsilon: 0.05);
        var probabilities = new double[Rows * 2];
        policy.Score(
            new PolicyInput { Count = Rows, Observations = rows },
            new ActionBatch { Discrete = new int[Rows] },
            new double[Rows],
            probabilities);
        return probabilities;
    }
}
