using OfflineRL.Datasets;
using OfflineRL.Tests.Cli;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

/// <summary>What a model cannot be learned from, or not be used for, is said in one message.</summary>
public sealed class WorldModelBadInputTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    static TrainConfig Tiny(WorldModelConfig? model = null, string algorithm = "world_model") => TrainData.Tiny(algorithm) with { Name = "model", WorldModel = model ?? TrainData.Tiny().WorldModel };

    TrainResult Run(TrainConfig config, TrainingColumns columns, IJobProgress? progress = null) => TrainJob.Run(config, _data.Workspace, columns, progress ?? NullProgress.Instance, default);

    string Refusal(TrainConfig config, TrainingColumns columns)
    {
        var message = Assert.Throws<UserErrorException>(() => Run(config, columns)).Message;
        Assert.False(Directory.Exists(Path.Combine(_data.Workspace.RunsFolder, "model")));
        return message;
    }

    // The dataset's own door refuses such numbers; columns from elsewhere may hold them.
    void Patch(string file, int row, int width, int dimension, bool everywhere = false)
    {
        var path = Directory.EnumerateFiles(_data.Root, file, SearchOption.AllDirectories).Single();
        using var stream = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var header = new byte[10];
        stream.ReadExactly(header);
        var start = 10 + BitConverter.ToUInt16(header, 8);
        for (long at = start + (4L * ((row * width) + dimension)); at < stream.Length; at += everywhere ? 4 * width : stream.Length)
        {
            stream.Position = at;
            stream.Write(BitConverter.GetBytes(float.NaN));
        }
    }

    [Theory]
    [InlineData("world_model")]
    [InlineData("vae_dreamer")]
    [InlineData("dreamer")]
    public void NumbersThatAreNone_AreNamedByPlace(string algorithm)
    {
        var tiny = Tiny(algorithm: algorithm);
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 12, 10);
        Patch("observations.npy", 2, 3, 1);
        Assert.Contains("step 2: dimension 1 of the observation is NaN; a model is learned from finite numbers alone", Refusal(tiny, columns), StringComparison.Ordinal);
        Patch("observations.npy", 0, 3, 2, everywhere: true);
        Assert.Contains("step 0: dimension 2 of the observation is missing: no row has a number there", Refusal(tiny, columns), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("world_model")]
    [InlineData("vae_dreamer")]
    [InlineData("dreamer")]
    public void NumbersThatNeverChange_AreSaid_AndTheModelLearnsTheRest(string algorithm)
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 20, constant: 2);
        var progress = new CallbackProgress(_ => { });
        Run(Tiny(algorithm: algorithm), columns, progress);
        Assert.Contains(progress.Lines, line => line.Contains("of the 5 numbers of an observation in linear-v1, 2 never change (3, 4)", StringComparison.Ordinal));
        using var stored = StoredWorldModel.Open(_data.Workspace, "model", 0, CPU);
        var constant = stored.Description.Errors.Where(row => row.Dimension is 3 or 4).ToList();
        Assert.Equal(4, constant.Count);
        Assert.All(constant, row => Assert.Equal((0, null), (row.Spread, row.ErrorOverSpread)));
        Assert.DoesNotContain(stored.Description.Calibration, row => row.Dimension is 3 or 4);
    }

    [Theory]
    [InlineData("world_model")]
    [InlineData("vae_dreamer")]
    [InlineData("dreamer")]
    public void EpisodesShorterThanTheHorizon_AreRefused_WithWhatToSet(string algorithm)
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 10);
        var message = Refusal(Tiny(new() { ErrorHorizons = [1, 15] }, algorithm), columns);
        Assert.Contains("part 'validation': its longest episode has 10 steps, and world_model.error_horizons goes to 15; expected at most 10", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImagesOfTheWrongShape_AreRefused()
    {
        Tool.Run(_data.Root, "ingest", "record", "--environment", "Breakout-MinAtar-v1", "--name", "breakout", "--steps", "300").Expect(0);
        using var columns = Dataset.Open(_data.Workspace, "breakout").Compile(NullProgress.Instance);
        Assert.Contains("torso is nature and the observations are box(4x10x10, uint8)", Refusal(Tiny(TrainData.Tiny().WorldModel with { Torso = "nature" }), columns), StringComparison.Ordinal);
        Assert.Contains("world_model.encoder is identity and the observations are", Refusal(Tiny(TrainData.Tiny().WorldModel with { Encoder = "identity" }), columns), StringComparison.Ordinal);
        using var vectors = LinearSystem.Write(_data.Workspace, "linear", 20, 20);
        Assert.Contains("torso is minatar and the observations are", Refusal(Tiny(TrainData.Tiny().WorldModel with { Torso = "minatar" }), vectors), StringComparison.Ordinal);
    }

    [Fact]
    public void AModelOfAnotherDatasetOrOfOtherSpaces_IsRefused()
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 20);
        Run(Tiny(), columns);
        using var stored = StoredWorldModel.Open(_data.Workspace, "model", 0, CPU);
        stored.RequireFits(columns.Info);
        using var other = LinearSystem.Write(_data.Workspace, "other", 20, 20, seed: 5);
        var message = Assert.Throws<UserErrorException>(() => stored.RequireFits(other.Info)).Message;
        Assert.Contains("was trained on linear-v1 with content_hash sha256:", message, StringComparison.Ordinal);
        using var signs = _data.WriteSigns();
        message = Assert.Throws<UserErrorException>(() => stored.RequireFits(signs.Info)).Message;
        Assert.Contains("actions box(2); dataset signs-v1 has box(3) and discrete(2)", message.Replace(", float32", "", StringComparison.Ordinal), StringComparison.Ordinal);
        message = Assert.Throws<UserErrorException>(() => StoredWorldModel.Open(_data.Workspace, "model", 3, CPU)).Message;
        Assert.Contains("has no stored world model of seed 3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PlanningOnImagesOrActionsOfAnotherShape_IsRefused()
    {
        Tool.Run(_data.Root, "ingest", "record", "--environment", "Breakout-MinAtar-v1", "--name", "breakout", "--steps", "300").Expect(0);
        using (var columns = Dataset.Open(_data.Workspace, "breakout").Compile(NullProgress.Instance))
            Run(Tiny() with { Steps = 10 }, columns);
        const string Policy = "run:model,plan=random_shooting,horizon=2,candidates=4";
        Tool.Run(_data.Root, "evaluate", "rollout", "--policy", Policy, "--task", "Breakout-MinAtar-v1?time_limit=3", "--episodes", "1").Expect(0);
        var message = Tool.Run(_data.Root, "evaluate", "rollout", "--policy", Policy, "--task", "Freeway-MinAtar-v1", "--episodes", "1").Expect(2).Error;
        Assert.Contains("has observations of box(4x10x10, uint8); Freeway-MinAtar-v1", message, StringComparison.Ordinal);
        message = Tool.Run(_data.Root, "evaluate", "rollout", "--policy", Policy, "--task", "Breakout-MinAtar-v1?minimal_actions=1", "--episodes", "1").Expect(2).Error;
        Assert.Contains("has actions of discrete(6); Breakout-MinAtar-v1", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("world_model")]
    [InlineData("dreamer")]
    public void ARunThatBeganWithOtherData_IsNotContinued(string algorithm)
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 20);
        Run(Tiny(algorithm: algorithm) with { Steps = 10 }, columns);
        using var other = LinearSystem.Write(_data.Workspace, "other", 20, 20, seed: 5);
        var message = Assert.Throws<UserErrorException>(() => Run(Tiny(algorithm: algorithm) with { Steps = 10 }, other)).Message;
        Assert.Contains("was started with dataset = linear-v1; now it is other-v1", message, StringComparison.Ordinal);
        using var stored = StoredWorldModel.Open(_data.Workspace, "model", 0, CPU);
        Assert.Equal(columns.Info.ContentHash, stored.Description.ContentHash);
    }

    [Fact]
    public void AStoredModel_IsWhatWasLearned_AndADamagedOneIsRefused()
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 20);
        Run(Tiny(), columns);
        var folder = Path.Combine(_data.Workspace.RunsFolder, "model", "seed-0", "models", "step-60");
        using (var stored = StoredWorldModel.Load(folder, CPU))
        {
            Assert.Equal((60, "validation", 2), (stored.Description.Step, stored.Description.MeasuredOn, stored.Description.Config.Members));
            Assert.True(stored.Description.HeldOutError > 0);
            Assert.True(stored.Description.Limits.Penalty > 0);
            Assert.InRange(stored.Description.Limits.Horizon, 1, 3);
        }

        Assert.All(["dream.png", "dream.gif", "traversal.png"], picture => Assert.True(new FileInfo(Path.Combine(folder, picture)).Length > 500, picture));
        var weights = Path.Combine(folder, "world_model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, bytes[..^40]);
        Assert.Throws<UserErrorException>(() => StoredWorldModel.Load(folder, CPU).Dispose());
        BitConverter.GetBytes(float.NaN).CopyTo(bytes, bytes.Length - 4);
        File.WriteAllBytes(weights, bytes);
        var description = Path.Combine(folder, "world_model.json");
        File.WriteAllText(description, File.ReadAllText(description).Replace("\"latent\": ", "\"latents\": ", StringComparison.Ordinal));
        Assert.Contains("latents", Assert.Throws<UserErrorException>(() => StoredWorldModel.Load(folder, CPU).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelThatDiverges_StopsWithTheLastGoodCheckpointKept()
    {
        using var columns = LinearSystem.Write(_data.Workspace, "linear", 20, 20);
        // The first step is as small as any, the second of a size that no number survives: what the model then says stops the run before there is a checkpoint of it.
        var wild = Tiny() with { PolicyPeriodSteps = 1, CheckpointPeriodSteps = 1, WorldModel = Tiny().WorldModel with { Order = "joint", FinalLearningRate = 1e30, MaxGradientNorm = 0 } };
        var error = Assert.Throws<CheckFailedException>(() => Run(wild, columns));
        Assert.Contains("the model diverged: 1 steps ahead its error of the observation is", error.Message, StringComparison.Ordinal);
        var seed = RunFolder.Open(_data.Workspace, "model").Seeds[0];
        Assert.Equal(RunState.Failed, seed.Status!.State);
        Assert.Equal("step-1", Path.GetFileName(Directory.EnumerateDirectories(Path.Combine(seed.Folder, "checkpoints")).Single()));
        using var stored = StoredWorldModel.Open(_data.Workspace, "model", 0, CPU);
        Assert.Equal(1, stored.Description.Step);
    }

    [Fact]
    public void ALoop_CannotRecordWithAModel()
    {
        var message = Tool.Run(_data.Root, "loop", "--environment", "CartPole-v1", "--algorithm", "world_model", "--steps", "3000").Expect(2).Error;
        Assert.Contains("learns no policy to record with", message, StringComparison.Ordinal);
    }
}
