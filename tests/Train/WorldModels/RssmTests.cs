using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

public sealed class RssmTests : IDisposable
{
    const int T = 4, B = 2, D = 3, A = 2;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        foreach (var owned in _owned)
            owned.Dispose();
        _scope.Dispose();
    }

    // As the script of the golden numbers has them.
    static RssmConfig Config(string latent) => latent == RssmConfig.Gaussian
        ? new() { Deterministic = 5, Latent = latent, Groups = 3, Units = 6, Layers = 1, LayerNorm = false, UniformShare = 0, Symlog = false, Reward = RssmConfig.NormalReward, DynamicsScale = 1, RepresentationScale = 1, FreeNats = 0.01, FreeNatsOfMean = true }
        : new() { Deterministic = 5, Latent = latent, Groups = 2, Classes = 3, Units = 6, Layers = 1, LayerNorm = true, UniformShare = 0.01, Symlog = true, Reward = RssmConfig.TwoHotReward, DynamicsScale = 0.5, RepresentationScale = 0.1, FreeNats = 0.02, FreeNatsOfMean = false };

    Rssm Model(string latent, int members = 1) => Model(Config(latent) with { Members = members });

    Rssm Model(RssmConfig config)
    {
        var model = new Rssm(config, new() { Inputs = D, Hidden = [], Outputs = 6 }, new(BoxSpace.Unbounded(D), A, null, 0, 1), RandomStream.Create(1, "init"), CPU);
        _owned.Add(model);
        using var quiet = no_grad();
        var k = arange(1, model.Parameters.Values.size(0) + 1, ScalarType.Float64);
        model.Parameters.Values.copy_(k.sin().mul(0.3).add(k.mul(3).cos().mul(0.05)));
        return model;
    }

    static Tensor Hot(Tensor actions) => nn.functional.one_hot(actions, A).to(ScalarType.Float32);

    static Tensor Numbers(int rows) => arange(rows, dtype: ScalarType.Float64);

    static TransitionBatch Batch(bool contiguous = false)
    {
        var observations = Numbers(T * B * D).mul(0.7).sin().mul(2).reshape(T, B, D).to(ScalarType.Float32);
        var next = Numbers(T * B * D).mul(0.31).cos().mul(3).reshape(T, B, D).to(ScalarType.Float32);
        var (discounts, mask, resets) = (full([T, B], 0.9f), ones(T, B), zeros([T, B], dtype: ScalarType.Bool));
        resets[0].fill_(true);
        if (contiguous)
        {
            next = cat([observations.narrow(0, 1, T - 1), next.narrow(0, 0, 1)]);
        }
        else
        {
            resets[2, 1].fill_(true);
            discounts[1, 1].fill_(0);
            mask[3, 0].fill_(0);
            next[3, 0].fill_(0);
        }

        return new()
        {
            Observations = observations,
            NextObservations = next,
            Actions = arange(T * B, dtype: ScalarType.Int64).remainder(A).reshape(T, B),
            Rewards = Numbers(T * B).sin().mul(4).reshape(T, B).to(ScalarType.Float32),
            Discounts = discounts,
            Resets = resets,
            LossMask = mask,
        };
    }

    [Theory]
    [InlineData(RssmConfig.Gaussian, 1)]
    [InlineData(RssmConfig.Categorical, 1)]
    [InlineData(RssmConfig.Gaussian, 3)]
    [InlineData(RssmConfig.Categorical, 3)]
    public void Loss_ItsPartsAndItsGradient_AreThoseOfPyTorch(string latent, int members)
    {
        Golden golden = new("rssm.json", members > 1 ? $"{latent}_{members}" : latent, "dream");
        var (model, batch) = (Model(latent, members), Batch());
        var loss = model.Loss(batch, Hot(batch.Actions), generator: null);
        Golden.AssertClose(golden.Doubles("states"), loss.States, 1e-5);
        Assert.Equal(golden.Number("reconstruction"), loss.Reconstruction.ToDouble(), 1e-4);
        Assert.Equal(golden.Number("reward"), loss.Reward.ToDouble(), 1e-4);
        Assert.Equal(golden.Number("end"), loss.Continue.ToDouble(), 1e-5);
        Assert.Equal(golden.Number("divergence"), loss.Divergence.ToDouble(), 1e-5);
        Assert.Equal(golden.Number("total"), loss.Total.ToDouble(), 1e-4);
        loss.Total.backward();
        Golden.AssertClose(golden.Doubles("gradient"), model.Parameters.Gradients, 1e-4);
        Assert.True(model.Parameters.Gradients.abs().sum().ToDouble() > 1);
    }

    [Theory]
    [InlineData(RssmConfig.Gaussian)]
    [InlineData(RssmConfig.Categorical)]
    public void Encode_WithoutNoise_GivesTheStatesOfTheLoss(string latent)
    {
        var (model, batch) = (Model(latent), Batch(contiguous: true));
        var sequences = new ModelSequences(batch.Observations, Hot(batch.Actions), batch.Resets);
        Golden.AssertClose(model.Loss(batch, Hot(batch.Actions), generator: null).States, model.Encode(sequences, generator: null), 1e-5);
        // What the posterior says of an observation lies behind the memory.
        var (code, found) = (model.Code!, model.Encode(sequences, generator: null));
        Assert.Equal((5, model.LatentWidth), (code.First, code.First + (code.Variables * code.Classes)));
        if (latent == RssmConfig.Categorical)
            Golden.AssertClose(ones([T, B, 2]), found.narrow(-1, code.First, 6).unflatten(-1, code.Variables, code.Classes).amax(-1), 1e-5);
        // The second sequence's memory is emptied at its third step: what was before does not matter there, and does elsewhere.
        batch.Resets![2, 1].fill_(true);
        var before = model.Encode(sequences, generator: null);
        batch.Observations[0].mul_(-3);
        sequences.Actions[1].mul_(-3);
        var after = model.Encode(sequences, generator: null);
        Assert.Equal(0, Golden.Distance(before.narrow(0, 2, 2).select(1, 1), after.narrow(0, 2, 2).select(1, 1)));
        Assert.NotEqual(0, Golden.Distance(before.narrow(0, 2, 2).select(1, 0), after.narrow(0, 2, 2).select(1, 0)));
    }

    [Theory]
    [InlineData(RssmConfig.Gaussian)]
    [InlineData(RssmConfig.Categorical)]
    public void Step_IsDrawnFromThePrior_AndGradientsReachLatentAndAction(string latent)
    {
        var model = Model(latent);
        using var generator = new Generator(4);
        var (start, action) = (randn([500, model.LatentWidth], generator: generator).requires_grad_(), Hot(zeros([500], dtype: ScalarType.Int64)).requires_grad_());
        var step = model.Step(start, action, generator);
        Assert.Equal([500, model.LatentWidth], step.Latent.shape);
        Assert.Equal([500], step.Reward.shape);
        Assert.True(step.Continue.min().ToDouble() > 0 && step.Continue.max().ToDouble() < 1);
        step.Latent.narrow(1, 5, model.LatentWidth - 5).mul(arange(1, model.LatentWidth - 4, ScalarType.Float32)).sum().add(step.Reward.sum()).backward([], inputs: [start, action]);
        Assert.True(start.grad!.abs().sum().ToDouble() > 0 && action.grad!.abs().sum().ToDouble() > 0);
        Assert.Equal(0, model.Parameters.Gradients.abs().sum().ToDouble());
        if (latent == RssmConfig.Categorical)
        {
            Golden.AssertClose(ones(500, 2), step.Latent.narrow(1, 5, 6).detach().reshape(500, 2, 3).sum(-1L), 1e-5);
            Assert.Equal(2 * 500, step.Latent.narrow(1, 5, 6).detach().gt(0.5).sum().ToDouble());
        }

        // The same row again and again: draws differ, the deterministic path does not, and without noise nothing does.
        var same = start.detach().narrow(0, 0, 1).expand(500, model.LatentWidth);
        var drawn = model.Step(same, action.detach(), generator).Latent;
        Assert.True(drawn.narrow(1, 5, model.LatentWidth - 5).std(0, unbiased: false).max().ToDouble() > 0.05);
        Assert.True(drawn.narrow(1, 0, 5).std(0, unbiased: false).max().ToDouble() < 1e-5);
        Assert.True(model.Step(same, action.detach(), generator: null).Latent.std(0, unbiased: false).max().ToDouble() < 1e-5);
    }

    [Theory, InlineData("gaussian"), InlineData("categorical")]
    public void Observe_StepByStep_IsEncodeOfTheWhole(string latent)
    {
        var model = Model(latent);
        var batch = Batch();
        var (actions, resets) = (Hot(batch.Actions), batch.Resets!);
        var whole = model.Encode(new(batch.Observations, actions, resets), null);
        var state = full([B, model.LatentWidth], float.NaN);
        for (var t = 0; t < T; t++)
        {
            var before = t == 0 ? zeros_like(actions[0]) : actions[t - 1];
            state = model.Observe(state, before, resets[t], batch.Observations[t], null);
            // Where memory begins anew within the sequence, the model's posterior has seen no action.
            Golden.AssertClose(whole[t], state, 1e-6);
        }
    }

    [Theory]
    [InlineData(RssmConfig.Gaussian)]
    [InlineData(RssmConfig.Categorical)]
    public void Members_DisagreeByTheirMeans_AndADreamFollowsOneOfThemARow(string latent)
    {
        const int Rows = 4_000;
        var model = Model(latent, members: 3);
        using var quiet = no_grad();
        using var generator = new Generator(4);
        var (start, action) = (randn([1, model.LatentWidth], generator: generator), Hot(zeros([1], dtype: ScalarType.Int64)));
        var step = model.Step(start, action, generator: null);
        // By hand, from the deterministic path and the parameters.
        var parts = model.NamedTensors().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        var memory = step.Latent.narrow(1, 0, 5);
        var means = new List<Tensor>();
        for (var k = 0; k < 3; k++)
        {
            var heads = nn.functional.linear(nn.functional.linear(memory, parts["prior.0.weight"][k], parts["prior.0.bias"][k]).relu(), parts["prior.1.weight"][k], parts["prior.1.bias"][k]);
            means.Add(latent == RssmConfig.Gaussian ? heads.narrow(1, 0, 3) : heads.reshape(1, 2, 3).softmax(-1).mul(0.99).add(0.01 / 3).flatten(1));
        }

        var mean = stack(means).mean([0]);
        var expected = stack(means).sub(mean).square().mean().sqrt().ToDouble();
        Assert.True(expected > 0.01);
        Assert.Equal(expected, step.Disagreement!.ToDouble(), 1e-5);
        var drawn = model.Step(start.expand(Rows, model.LatentWidth), action.expand(Rows, A), generator);
        Golden.AssertClose(full([Rows], (float)expected), drawn.Disagreement!, 1e-5);
        // Draws of all members alike have their mean; without noise it is that mean, or its mode.
        var found = drawn.Latent.narrow(1, 5, model.LatentWidth - 5);
        Golden.AssertClose(mean[0], found.mean([0]), latent == RssmConfig.Gaussian ? 0.06 : 0.03);
        Golden.AssertClose(latent == RssmConfig.Gaussian ? mean : nn.functional.one_hot(mean.reshape(1, 2, 3).argmax(-1), 3).to(ScalarType.Float32).flatten(1), step.Latent.narrow(1, 5, model.LatentWidth - 5), 1e-5);
        Assert.Null(Model(latent).Step(start, action, generator: null).Disagreement);
    }

    [Fact]
    public void ObservationsOf0And1_AreToldByTheirProbabilities_AsPyTorchHasIt()
    {
        Golden golden = new("rssm.json", "categorical_binary", "dream");
        var config = Config(RssmConfig.Categorical) with { Symlog = false, Likelihood = RssmConfig.Bernoulli };
        var (model, batch) = (Model(config), Batch());
        foreach (var seen in new[] { batch.Observations, batch.NextObservations })
            seen.copy_(seen.lt(0));
        var loss = model.Loss(batch, Hot(batch.Actions), generator: null);
        Golden.AssertClose(golden.Doubles("states"), loss.States, 1e-5);
        Assert.Equal(golden.Number("reconstruction"), loss.Reconstruction.ToDouble(), 1e-4);
        Assert.Equal(golden.Number("total"), loss.Total.ToDouble(), 1e-4);
        loss.Total.backward();
        Golden.AssertClose(golden.Doubles("gradient"), model.Parameters.Gradients, 1e-4);
        // What is decoded is a probability, however far out the latent state lies.
        var decoded = model.Decode(cat([ones(2, model.LatentWidth).mul(30), ones(2, model.LatentWidth).mul(-30)]));
        Assert.Equal([4, D], decoded.shape);
        Assert.True(decoded.min().ToDouble() >= 0 && decoded.max().ToDouble() <= 1 && decoded.std().ToDouble() > 0.1);
    }

    [Fact]
    public void Decode_OfSymlogModels_IsInTheUnitsOfObservations()
    {
        var model = Model(RssmConfig.Categorical);
        var latents = ones(2, model.LatentWidth).mul(30);
        Assert.Equal([2, D], model.Decode(latents).shape);
        Assert.True(model.Decode(latents).abs().max().ToDouble() > 5);
    }

    [Fact]
    public void TerminalStepsWithoutAnObservationAfterThem_TeachNothingOfIt()
    {
        var (model, batch) = (Model(RssmConfig.Gaussian), Batch());
        var before = model.Loss(batch, Hot(batch.Actions), generator: null);
        batch.NextObservations[1, 1].fill_(0);
        var after = model.Loss(batch, Hot(batch.Actions), generator: null);
        // 7 of 8 rows counted; one less now, and it had its share.
        Assert.NotEqual(before.Reconstruction.ToDouble(), after.Reconstruction.ToDouble(), 1e-6);
        batch.LossMask![1, 1].fill_(0);
        Assert.Equal(model.Loss(batch, Hot(batch.Actions), generator: null).Reconstruction.ToDouble(), after.Reconstruction.ToDouble(), 1e-6);
    }
}
