using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Ingest;
using OfflineRL.Tests.Ingest;

namespace OfflineRL.Tests.Environments;

/// <summary>Hopper through the recorder and the evaluator.</summary>
public sealed class MujocoPipelineTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Fact]
    public void Hopper_RecordedInAnyBatch_IsTheSameDatasetWithItsDensities()
    {
        MujocoSetup.Require();
        var dataset = Record("hopper", "Hopper-v4", 7);
        dataset.Check(NullProgress.Instance);
        Assert.Equal(dataset.Manifest.ContentHash, Record("again", "Hopper-v4", 2).Manifest.ContentHash);
        Assert.Equal("Hopper-v4", dataset.Manifest.Environment!.Id);
        Assert.Equal(9.81, dataset.Manifest.Environment.Parameters["gravity"]);
        var (steps, terminated) = (0, 0);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            steps += e.Rewards.Length;
            terminated += record.Terminated ? 1 : 0;
            Assert.All(e.BehaviorLogProbabilities.ToArray(), d => Assert.Equal(-3 * Math.Log(2), d, 1e-12));
            // What came after the last step of a fall is where the robot lies, not where the next episode stands.
            if (record.Terminated)
                Assert.True(e.FinalObservation[0] <= 0.7f || Math.Abs(e.FinalObservation[1]) >= 0.2f);
        });
        Assert.Equal(400, steps);
        Assert.True(terminated >= 8, $"only {terminated} falls");
    }

    [Fact]
    public void Hopper_HeldOut_CannotBeRecordedButIsScored()
    {
        MujocoSetup.Require();
        Assert.Contains("may not be recorded", Assert.Throws<UserErrorException>(() => Record("heavy", "Hopper-v4?torso_mass=2", 4)).Message, StringComparison.Ordinal);
        var tasks = RolloutTask.Resolve(["nominal", "heavy-torso"], "Hopper-v4", EnvironmentRegistry.Resolve("Hopper-v4"));
        Assert.Equal([VariantLabel.Nominal, VariantLabel.HeldOut], tasks.Select(t => t.Label));
        var outcomes = RolloutBatch.Run(new UniformTorques(), tasks, 6, 3, 0.99, 8, CancellationToken.None);
        Assert.Equal([6, 6], outcomes.Select(o => o.Length));
        Assert.All(outcomes.SelectMany(o => o), o => Assert.True(o.Terminated && o.Length is > 5 and < 200 && o.Return > 3));
        Assert.NotEqual(outcomes[0], outcomes[1]);
    }

    Dataset Record(string name, string environment, int batch)
    {
        var config = new RecordConfig { Name = name, Environment = environment, Steps = 400, Batch = batch, Mixture = [new BehaviorConfig { Policy = "run:torques" }] };
        var manifest = RecordJob.Run(config, _recording.Workspace, _ => new UniformTorques(), NullProgress.Instance, CancellationToken.None);
        return Dataset.Open(_recording.Workspace, manifest.FullName);
    }

    /// <summary>Every torque with the same density, 1/8 over the cube.</summary>
    sealed class UniformTorques : IPolicy
    {
        static readonly EnvironmentDefinition Hopper = EnvironmentRegistry.Definition("Hopper-v4");

        public string Name => "torques";

        public Space ObservationSpace => Hopper.ObservationSpace;

        public Space ActionSpace => Hopper.ActionSpace;

        public IPolicyState? CreateState(int instances) => null;

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            for (var i = 0; i < input.Count; i++)
            {
                for (var j = 0; j < 3; j++)
                    output.Continuous[(3 * i) + j] = (float)input.Random[i].Uniform(-1, 1);
                output.LogProbabilities[i] = -3 * Math.Log(2);
            }
        }

        public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
            logProbabilities.Fill(-3 * Math.Log(2));
    }
}
