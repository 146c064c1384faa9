using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>Rewards that are all the same: known offline, and still to be learned where the data grows.</summary>
public sealed class ConstantRewardTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    // Of the reward of the last step there is a second number.
    TrainingColumns Write(double reward, double last)
    {
        var random = RandomStream.Create(5, "constant");
        using (var writer = DatasetWriter.Create(_data.Workspace, "constant", new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(2), ActionSpace = new DiscreteSpace(2) }))
        {
            for (var episode = 0; episode < 8; episode++)
            {
                float[] states = [.. Enumerable.Range(0, 22).Select(_ => (float)random.NextGaussian())];
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"constant/{episode}",
                    BehaviorPolicy = "uniform",
                    Observations = states.AsSpan(0, 20),
                    DiscreteActions = [.. Enumerable.Range(0, 10).Select(_ => random.NextInt(2))],
                    Rewards = [.. Enumerable.Repeat(reward, 9), last],
                    Terminated = true,
                    FinalObservation = states.AsSpan(20, 2),
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "constant").Compile(NullProgress.Instance);
    }

    [Theory]
    [InlineData("world_model", -1)]
    [InlineData("vae_dreamer", 0)]
    public void AModel_SaysARewardThatNeverVaries_ToTheLastDigit(string algorithm, double reward)
    {
        using var columns = Write(reward, reward);
        TrainJob.Run(TrainData.Tiny(algorithm) with { Dataset = "constant", Name = "constant" }, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        using var stored = StoredWorldModel.Open(_data.Workspace, "constant", 0, CPU);
        using var scope = NewDisposeScope();
        var step = stored.Model.Step(randn(5, stored.Model.LatentWidth).mul(10), nn.functional.one_hot(tensor(new long[] { 0, 1, 0, 1, 0 }), 2).to(ScalarType.Float32), null);
        Assert.All(step.Reward.detach().data<float>().ToArray(), said => Assert.Equal((float)reward, said));
        Assert.All(stored.Description.Errors.Where(row => row.Target == "reward"), row => Assert.Equal(0, row.Error));
    }

    [Fact]
    public void AModel_LearnsARewardOfWhichASingleStepDiffers()
    {
        using var columns = Write(0, 1);
        TrainJob.Run(TrainData.Tiny("world_model") with { Dataset = "constant", Name = "constant" }, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        using var stored = StoredWorldModel.Open(_data.Workspace, "constant", 0, CPU);
        using var scope = NewDisposeScope();
        var said = stored.Model.Step(randn(5, stored.Model.LatentWidth).mul(3), zeros(5, 2), null).Reward.detach().data<float>().ToArray();
        Assert.Equal(5, said.Distinct().Count());
    }

    [Fact]
    public void ALoop_DoesNotTakeTheRewardsOfItsWarmUpForAllThatThereWillBe()
    {
        using (var constant = Write(0, 0))
            Assert.Null(First(constant).Describe(constant.Info).Statistics.Reward);
        using var varied = Write(0, 1);
        Assert.Equal((0, 1), First(varied).Describe(varied.Info).Statistics.Reward is { } reward ? (reward.Min, reward.Max) : default);

        static FirstData First(TrainingColumns columns) => FirstData.Of(TrainData.Tiny("vae_dreamer") with { Normalization = new() }, columns, columns.Steps);
    }
}
