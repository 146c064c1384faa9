using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Evaluate.Onnx;
using OfflineRL.Tests.Train;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate.Export;

public sealed class ExportJobTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Run_OfOneSnapshot_WritesAModelWithItsRun()
    {
        Train(1);
        var path = Path.Combine(_data.Workspace.Root, "policy.onnx");
        Assert.Equal([path], Export(path, "run:cloned,temperature=0.5,epsilon=0.1"));
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var metadata = model.MetadataProps.ToDictionary(m => m.Key, m => m.Value);
        Assert.Equal(("cloned", "bc", "0.5", "0.1"), (metadata["run"], metadata["algorithm"], metadata["temperature"], metadata["epsilon"]));
        var dataset = Dataset.Open(_data.Workspace, metadata["dataset"]);
        Assert.Equal(dataset.Manifest.ContentHash, metadata["dataset_hash"]);
        // The log has no masks, and so the model asks for none.
        Assert.Equal(["observation"], model.Graph.Input.Select(i => i.Name));
        Assert.Equal(["action", "probabilities", "scores"], model.Graph.Output.Select(o => o.Name));
    }

    [Fact]
    public void Run_OfSeveralSeeds_WritesAFolderWithAFileForEach()
    {
        Train(2);
        var folder = Path.Combine(_data.Workspace.Root, "models");
        var files = Export(folder, "run:cloned", "run:cloned,seed=1,greedy=true");
        Assert.Equal(["cloned-seed-0-step-20.onnx", "cloned-seed-1-step-20.onnx", "cloned-greedy-true-seed-1-step-20.onnx"], files.Select(f => Path.GetFileName(f)));
        Assert.Equal(3, Directory.GetFiles(folder).Length);
        Assert.All(files, file => Assert.True(new FileInfo(file).Length > 1000));
        Refuses(folder, $"'{folder}'", "run:cloned");
    }

    [Fact]
    public void Run_OfWhatCannotBeExported_SaysSoInOneMessageAndWritesNothing()
    {
        Train(2);
        var path = Path.Combine(_data.Workspace.Root, "policy.onnx");
        Refuses(path, "2 policies were named: cloned seed 0 step 20, cloned seed 1 step 20. Name one with ',seed=K'", "run:cloned");
        Refuses(path, "'builtin:scripted' cannot be exported: it is rules or columns", "builtin:scripted");
        Refuses(path, "'columns:probs=behavior_probs' cannot be exported", "columns:probs=behavior_probs");
        Refuses(path, "nowhere", "run:nowhere");
        Refuses(path, "there are: 0, 1", "run:cloned,seed=7");
        Refuses(Path.Combine(_data.Workspace.Root, "no-folder", "policy.onnx"), "there is no folder", "run:cloned,seed=0");
        Refuses(Path.Combine(_data.Workspace.RunsFolder, "cloned", "config.yaml"), "is a file and does not end in .onnx", "run:cloned,seed=0");
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Run_OfAPolicyLearnedInDreams_IsRefused()
    {
        using var columns = _data.WriteSigns();
        TrainJob.Run(TrainData.Tiny("dreamer") with { Name = "dreamed", Steps = 4 }, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        var path = Path.Combine(_data.Workspace.Root, "policy.onnx");
        Refuses(path, "acts on the latent states of a world model", "run:dreamed");
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Run_OverAnExistingFile_ReplacesItOnlyWhenForced()
    {
        Train(1);
        var path = Path.Combine(_data.Workspace.Root, "policy.onnx");
        File.WriteAllText(path, "mine");
        Refuses(path, "policy.onnx", "run:cloned");
        Assert.Equal("mine", File.ReadAllText(path));
        ExportJob.Run(new ExportConfig { Policies = ["run:cloned"], Out = path, Force = true }, _data.Workspace, CancellationToken.None);
        Assert.True(new FileInfo(path).Length > 1000);
    }

    [Fact]
    public void Model_BeyondWhatTheFormatHolds_IsRefused()
    {
        var huge = OnnxCase.Of(BoxSpace.Unbounded(30_000), new DiscreteSpace(5), new NetworkDescription { Inputs = 30_000, Hidden = [30_000], Outputs = 5 });
        var error = Assert.Throws<UserErrorException>(() => OnnxPolicy.Model(huge.Description, (_, _) => throw new InvalidOperationException("read before it was counted")));
        Assert.Contains("at most 500 million", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_OfAPolicyWithMemory_IsRefused()
    {
        var recurrent = new RecurrentDescription { Deterministic = 4, Groups = 2, Classes = 2, Units = 8, Actions = 5, LayerNorm = false };
        var made = OnnxCase.Of(BoxSpace.Unbounded(3), new DiscreteSpace(5), new NetworkDescription { Inputs = 8, Hidden = [8], Outputs = 5 });
        var remembering = made.Description with { Latent = new() { Encoder = new() { Inputs = 3, Hidden = [8], Outputs = 6 }, Width = 8, Recurrent = recurrent } };
        var error = Assert.Throws<UserErrorException>(() => OnnxPolicy.Model(remembering, made.Read));
        Assert.Contains("keeps a memory of the episode", error.Message, StringComparison.Ordinal);
    }

    void Refuses(string path, string message, string policy) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => Export(path, policy)).Message, StringComparison.Ordinal);

    IReadOnlyList<string> Export(string path, params string[] policies) => ExportJob.Run(new ExportConfig { Policies = policies, Out = path }, _data.Workspace, CancellationToken.None);

    void Train(int seeds)
    {
        using var columns = _data.WriteSigns();
        TrainJob.Run(TrainData.Tiny("bc") with { Name = "cloned", Steps = 20, Seeds = [$"0..{seeds - 1}"] }, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
    }
}
