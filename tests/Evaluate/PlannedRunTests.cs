using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Train;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;
using OfflineRL.Train.WorldModels.Planning;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Planning through the models that runs stored, as specs name them.</summary>
public sealed class PlannedRunTests : IDisposable
{
    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    PolicyCandidate Resolve(string spec) => PolicyResolver.Resolve([PolicySpec.Parse(spec)], _data.Workspace, "", null).Candidates.Single();

    void Train(TrainConfig config)
    {
        using var columns = _data.WriteSigns(config.Dataset);
        TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
    }

    [Fact]
    public void ARunOfAWorldModel_IsPlannedThrough_WithTheLimitsOfItsModel()
    {
        Train(TrainData.Tiny("world_model") with { Name = "vae" });
        var candidate = Resolve("run:vae,plan=cem,candidates=16,iterations=2,device=cpu");
        Assert.Equal(("vae,plan=cem,candidates=16,iterations=2", 60, true), (candidate.Policy, candidate.Step, candidate.IsLast));
        using var policy = (PlanningPolicy)candidate.Load();
        var actions = new int[2];
        Act(policy, policy.CreateState(2), actions);
        Assert.All(actions, action => Assert.InRange(action, 0, 1));
        Assert.Equal(30, Resolve("run:vae@step=30,plan=random_shooting,candidates=16,device=cpu").Step);
        Assert.Contains("30, 60", Refusal("run:vae@step=31,plan=cem"), StringComparison.Ordinal);
        Assert.Contains("expected @last, @all or @step=N", Refusal("run:vae@offline_best,plan=cem"), StringComparison.Ordinal);
        Assert.Contains("value=on asks what states are worth", Refusal("run:vae,plan=cem,value=on"), StringComparison.Ordinal);
        Assert.Contains("value is 'yes'; expected on or off", Refusal("run:vae,plan=cem,value=yes"), StringComparison.Ordinal);
    }

    [Fact]
    public void APenalty_CountsWhereMembersDisagree_AndIsRefusedWhereThereIsOne()
    {
        Train(TrainData.Tiny("world_model") with { Name = "two" });
        var one = TrainData.Tiny("world_model");
        Train(one with { Dataset = "again", Name = "one", WorldModel = one.WorldModel with { Members = 1 } });
        Assert.Contains("members of one/", Refusal("run:one,plan=cem,penalty=1"), StringComparison.Ordinal);
        Assert.Contains("world_model.members above 1", Refusal("run:one,plan=cem,penalty=1"), StringComparison.Ordinal);

        // The same candidates: a plan of a larger penalty is worth less by what it adds, unless the search finds another.
        var folder = RunFolder.Open(_data.Workspace, "two").Seeds[0].Models[^1].Folder;
        var returns = new List<double>();
        using var scope = NewDisposeScope();
        using var stored = StoredWorldModel.Load(folder, CPU);
        var plans = nn.functional.one_hot(tensor([0L, 1, 1, 0]).reshape(1, 2, 2), 2).to(ScalarType.Float32);
        var start = tensor([0.5f, -1, 0.25f]).reshape(1, 1, 3);
        using (no_grad())
        {
            var latents = stored.Model.Encode(new(start, zeros(1, 1, 2)), null)[0];
            var free = new PlanObjective(1).Returns(stored.Model, latents, plans);
            var charged = new PlanObjective(1, 0.5).Returns(stored.Model, latents, plans);
            var doubled = new PlanObjective(1, 1).Returns(stored.Model, latents, plans);
            var cost = free.sub(charged).flatten().data<float>().ToArray();
            var twice = free.sub(doubled).flatten().data<float>().ToArray();
            Assert.All(cost, x => Assert.True(x > 1e-5, $"{x}"));
            for (var i = 0; i < cost.Length; i++)
                Assert.Equal(2 * cost[i], twice[i], 1e-5f);
        }
    }

    [Fact]
    public void ARunOfDreamer_IsPlannedThrough_FromWhatItRemembers_WithItsValues()
    {
        Train(TrainData.Tiny("dreamer") with { Name = "rssm" });
        using var plain = (PlanningPolicy)Resolve("run:rssm,plan=cem,horizon=2,candidates=8,iterations=2,device=cpu").Load();
        using var valued = (PlanningPolicy)Resolve("run:rssm,plan=cem,horizon=2,candidates=8,iterations=2,value=on,device=cpu").Load();
        var actions = new int[2];
        foreach (var policy in (PlanningPolicy[])[plain, valued])
        {
            var state = policy.CreateState(2);
            for (var step = 0; step < 3; step++)
            {
                Act(policy, state, actions, step == 0);
                Assert.All(actions, action => Assert.InRange(action, 0, 1));
            }
        }

        // Its critic, digit by digit.
        var seed = RunFolder.Open(_data.Workspace, "rssm").Seeds[0];
        using var scope = NewDisposeScope();
        using var stored = StoredWorldModel.Load(seed.Models[^1].Folder, CPU);
        Assert.Equal(0.99, stored.Value!.Discount, 0.01);
        using var file = SafetensorsFile.Open(Path.Combine(seed.Folder, "checkpoints", "step-60", "state.safetensors"));
        foreach (var (name, tensor) in stored.Value.NamedTensors())
        {
            var entry = file.Tensors["critic.online." + name["value.".Length..]];
            var values = new float[entry.Length / sizeof(float)];
            file.Read(entry, MemoryMarshal.AsBytes(values.AsSpan()));
            Assert.Equal(tensor.detach().flatten().data<float>().ToArray(), values);
        }

        var path = Path.Combine(seed.Models[^1].Folder, "world_model.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"is_two_hot\": true", "\"is_two_hot\": false", StringComparison.Ordinal));
        Assert.Contains("value.network has 63 outputs", Refusal("run:rssm,plan=cem"), StringComparison.Ordinal);
    }

    string Refusal(string spec) => Assert.ThrowsAny<UserErrorException>(() => Resolve(spec).Load()).Message;

    static void Act(PlanningPolicy policy, IPolicyState state, int[] actions, bool starts = true) => policy.Act(
        new PolicyInput { Count = 2, Observations = [1, 0.5f, -1, -1, 0.25f, 2], EpisodeStarts = [starts, starts], Random = [RandomStream.Create(1, "policy"), RandomStream.Create(2, "policy")], State = state },
        new PolicyOutput { Discrete = actions });
}
