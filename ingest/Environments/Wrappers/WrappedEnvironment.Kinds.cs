using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What the inner environment can do beside stepping. A caller asks by type, so there is a kind for each combination.</summary>
abstract partial class WrappedEnvironment
{
    public IReadOnlyList<string> StateNames => Stateful.StateNames;

    public (int Width, int Height) FrameSize => Rendered.FrameSize;

    IStatefulEnvironment Stateful => (IStatefulEnvironment)_inner;

    IRenderedEnvironment Rendered => (IRenderedEnvironment)_inner;

    public static WrappedEnvironment Create(IVectorEnvironment inner, WrapperPlan plan) =>
        (inner is IStatefulEnvironment, inner is IMaskedEnvironment, inner is IRenderedEnvironment) switch
        {
            (false, false, false) => new Plain(inner, plan),
            (false, false, true) => new OfRendered(inner, plan),
            (false, true, false) => new OfMasked(inner, plan),
            (false, true, true) => new OfMaskedRendered(inner, plan),
            (true, false, false) => new OfStateful(inner, plan),
            (true, false, true) => new OfStatefulRendered(inner, plan),
            (true, true, false) => new OfStatefulMasked(inner, plan),
            (true, true, true) => new OfAll(inner, plan),
        };

    /// <summary>The masks of the inner states; a repeated action may be disallowed from its second time on.</summary>
    public void ActionMasks(Span<bool> masks) => ((IMaskedEnvironment)_inner).ActionMasks(masks);

    public void Render(int instance, Span<byte> rgb) => Rendered.Render(instance, rgb);

    /// <summary>The inner state; what wrappers remember of earlier observations is no part of it.</summary>
    public void GetState(int instance, Span<double> state) => Stateful.GetState(instance, state);

    public void SetState(int instance, ReadOnlySpan<double> state, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        Stateful.SetState(instance, state, Row(instance));
        Begin(instance, observation);
    }

    public EnvironmentSnapshot Save(int instance)
    {
        var snapshot = Stateful.Save(instance);
        var (numbers, streams) = (new List<float>(), new List<RandomState> { _seeds[instance].GetState() });
        // A maximum of two frames is not the inner environment's to show again.
        if (_plan.ShowsMaximum)
            numbers.AddRange(Row(instance));
        foreach (var stage in _stages)
            stage.Save(instance, numbers, streams);
        return snapshot with { Wrapper = new WrapperSnapshot(_steps[instance], numbers, streams) };
    }

    public void Restore(int instance, EnvironmentSnapshot snapshot, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        var memory = new WrapperMemory(snapshot.Wrapper ?? throw Throw.SnapshotOfOthers());
        Stateful.Restore(instance, snapshot, Row(instance));
        _seeds[instance] = RandomStream.Create(0, "episodes of wrappers");
        _seeds[instance].SetState(memory.Stream());
        if (_plan.ShowsMaximum)
            memory.Numbers(_innerWidth).CopyTo(Row(instance));
        foreach (var stage in _stages)
            stage.Restore(instance, memory);
        memory.End();
        _steps[instance] = snapshot.Wrapper.Steps;
        Show(instance, observation);
    }

    sealed class Plain(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan);

    sealed class OfRendered(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IRenderedEnvironment;

    sealed class OfMasked(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IMaskedEnvironment;

    sealed class OfMaskedRendered(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IMaskedEnvironment, IRenderedEnvironment;

    sealed class OfStateful(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IStatefulEnvironment;

    sealed class OfStatefulRendered(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IStatefulEnvironment, IRenderedEnvironment;

    sealed class OfStatefulMasked(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IStatefulEnvironment, IMaskedEnvironment;

    sealed class OfAll(IVectorEnvironment inner, WrapperPlan plan) : WrappedEnvironment(inner, plan), IStatefulEnvironment, IMaskedEnvironment, IRenderedEnvironment;
}
