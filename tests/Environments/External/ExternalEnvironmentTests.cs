using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class ExternalEnvironmentTests
{
    [Fact]
    public void ABatch_StepsEndsAndBeginsAgainAsTheServerSays()
    {
        using var child = ExternalChild.StartNode("good", count: 3, parameters: new Dictionary<string, double> { ["scale"] = 2 });
        var environment = child.Environment;
        Assert.Equal(new EnvironmentIdentity("external:count", new Dictionary<string, double> { ["scale"] = 2 }), environment.Identity);
        Assert.Equal(new BoxSpace([2], [0, 0], [double.PositiveInfinity, 100]), environment.ObservationSpace);
        Assert.Equal(new DiscreteSpace(3), environment.ActionSpace);
        Assert.Equal(7, environment.MaxEpisodeSteps);
        Assert.Equal(3, environment.Count);
        Assert.False(environment is IMaskedEnvironment or IRenderedEnvironment);

        // Episodes of 3 (terminated), 4 (truncated) and 5 (terminated) steps.
        child.Reset(10, 11, 12);
        Assert.Equal([10, 0, 11, 0, 12, 0], child.Observations);
        for (var t = 1; t <= 2; t++)
            child.Step(0, 1, 2);
        Assert.Equal([10, 2, 11, 2, 12, 2], child.Observations);
        Assert.Equal([2 * 0.2, 2 * 1.2, 2 * 2.2], child.Rewards);
        Assert.Equal([false, false, false], child.Terminated);

        Array.Fill(child.Final, -1);
        child.Step(0, 1, 2);
        Assert.Equal([true, false, false], child.Terminated);
        Assert.Equal([false, false, false], child.Truncated);
        Assert.Equal([11, 0, 11, 3, 12, 3], child.Observations);
        Assert.Equal([10, 3, -1, -1, -1, -1], child.Final);

        child.Step(0, 1, 2);
        Assert.Equal([false, false, false], child.Terminated);
        Assert.Equal([false, true, false], child.Truncated);
        Assert.Equal([11, 1, 12, 0, 12, 4], child.Observations);
        Assert.Equal([11, 4], child.FinalRow(1));
    }

    [Fact]
    public void TwoEndsInOneStep_KeepTheirOwnFinalObservations()
    {
        using var child = ExternalChild.StartNode("good", count: 3);
        child.Reset(10, 12, 15);
        for (var t = 1; t <= 3; t++)
            child.Step(0, 0, 0);
        Assert.Equal([true, false, false], child.Terminated);
        Assert.Equal([false, false, true], child.Truncated);
        Assert.Equal([10, 3], child.FinalRow(0));
        Assert.Equal([15, 3], child.FinalRow(2));
        Assert.Equal([11, 0, 12, 3, 16, 0], child.Observations);
    }

    [Fact]
    public void ResetInstance_TouchesNoOther()
    {
        using var child = ExternalChild.StartNode("good", "masked", count: 2);
        var masks = new bool[6];
        child.Reset(20, 12);
        child.Step(0, 0);
        var row = new float[2];
        child.Environment.ResetInstance(1, 44, row);
        Assert.Equal([44, 0], row);
        ((IMaskedEnvironment)child.Environment).ActionMasks(masks);
        Assert.Equal([true, true, false, false, true, true], masks);
        child.Step(0, 0);
        Assert.Equal([20, 2, 44, 1], child.Observations);
    }

    [Fact]
    public void Masks_AreThoseOfTheStateThatTheNextActionIsChosenIn()
    {
        using var child = ExternalChild.StartNode("good", "masked", count: 1);
        var environment = Assert.IsType<IMaskedEnvironment>(child.Environment, exactMatch: false);
        var masks = new bool[3];
        child.Reset(10);
        environment.ActionMasks(masks);
        Assert.Equal([false, true, true], masks);
        child.Step(0);
        environment.ActionMasks(masks);
        Assert.Equal([true, true, false], masks);
        child.Step(0);
        child.Step(0);
        Assert.True(child.Terminated[0]);
        // Of the new episode.
        environment.ActionMasks(masks);
        Assert.Equal([false, true, true], masks);
    }

    [Fact]
    public void ContinuousActions_ArriveAsTheyAre()
    {
        using var child = ExternalChild.StartNode("good", "box", count: 2);
        child.Reset(10, 10);
        child.Step(-1.5f, 0.1f);
        Assert.Equal([-1.5 + 0.1, 0.1f + 0.1], child.Rewards);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    public void ByteObservations_BecomeFloats(int count)
    {
        using var child = ExternalChild.StartNode("good", "bytes", count);
        child.Reset([.. Enumerable.Range(0, count).Select(i => (ulong)(200 + i))]);
        child.Step(new int[count]);
        Assert.Equal(Enumerable.Range(0, count).SelectMany(i => new float[] { 200 + i, 1 }), child.Observations);
    }

    [Fact]
    public void DiscreteObservations_AreTheirIndex()
    {
        using var child = ExternalChild.StartNode("good", "discrete", count: 2);
        Assert.Equal(new DiscreteSpace(1000), child.Environment.ObservationSpace);
        child.Reset(10, 999);
        Assert.Equal([10, 999], child.Observations);
    }

    [Fact]
    public void Pictures_AreOfferedOnlyWhereTheyWereAskedFor()
    {
        using var child = ExternalChild.StartNode("good", count: 2, render: true);
        var environment = Assert.IsType<IRenderedEnvironment>(child.Environment, exactMatch: false);
        Assert.Equal((4, 2), environment.FrameSize);
        child.Reset(10, 10);
        child.Step(0, 0);
        child.Step(0, 0);
        var rgb = new byte[24];
        environment.Render(1, rgb);
        Assert.All(rgb, b => Assert.Equal(2, b));

        using var wrong = ExternalChild.StartNode("frame-size", render: true);
        wrong.Reset(10);
        var error = Assert.Throws<UserErrorException>(() => ((IRenderedEnvironment)wrong.Environment).Render(0, rgb));
        Assert.Contains("sent a frame of 2 x 4 pixels; expected 4 x 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALargeBatch_PassesThroughThePipesWhole()
    {
        const int Count = 20_000;
        using var child = ExternalChild.StartNode("good", count: Count);
        child.Reset([.. Enumerable.Range(0, Count).Select(i => (ulong)i)]);
        for (var t = 0; t < 3; t++)
            child.Step(new int[Count]);
        Assert.Equal(Count / 5, child.Terminated.Count(e => e) + child.Truncated.Count(e => e));
        Assert.Equal([996, 3], child.Row(19_996));
        Assert.Equal([995, 3], child.FinalRow(19_995));
        Assert.Equal([996, 0], child.Row(19_995));
    }

    [Fact]
    public void WrongCalls_AreRefusedBeforeTheServerHearsOfThem()
    {
        using var child = ExternalChild.StartNode("good", count: 2);
        Assert.Throws<InvalidOperationException>(() => child.Step(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => child.Reset(1));
        child.Reset(10, 10);
        Assert.Contains("Action 3 in instance 1", Assert.Throws<ArgumentOutOfRangeException>(() => child.Step(0, 3)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => child.Step(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => child.Environment.ResetInstance(2, 0, new float[2]));
        child.Step(0, 0);
        Assert.Equal([10, 1, 10, 1], child.Observations);

        using var box = ExternalChild.StartNode("good", "box");
        box.Reset(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => box.Step(float.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => box.Step(2.5f));
    }

    [Fact]
    public void AnUnknownParameter_IsTheServersMessage()
    {
        using var child = new ExternalChild();
        var error = Assert.Throws<UserErrorException>(() => child.Start(["node", ExternalChild.Script, "good"], "count", 1, new Dictionary<string, double> { ["sclae"] = 1 }));
        Assert.Contains("the server said: unknown parameter 'sclae'; there is scale.", error.Message, StringComparison.Ordinal);
    }
}
