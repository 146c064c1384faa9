using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>How an environment is drawn from its observations alone.</summary>
public static class EnvironmentPictures
{
    /// <summary>
    /// The environment's own painter, of the newest observation where wrappers show several; else images as they are, and states that
    /// are numbers as a field of cells.
    /// </summary>
    /// <param name="definition">Under its wrappers; null: an environment that is not known here.</param>
    /// <param name="identity">Its parameters; null where it is not known.</param>
    /// <param name="observations">What is to be drawn.</param>
    /// <returns>Null where nothing can be drawn.</returns>
    public static IPainter? Painter(EnvironmentDefinition? definition, EnvironmentIdentity? identity, Space observations)
    {
        if (identity is not null && definition is { Painter: { } own, NewestObservation: { } offset })
            return offset == 0 ? own(identity) : new NewestObservationPainter(own(identity), offset);
        return observations is DiscreteSpace states
            ? new StatePainter(states.Count)
            : Images(observations, (int?)identity?.Parameters.GetValueOrDefault(WrapperParameters.FrameStack));
    }

    // A stack of unknown size is taken for one frame.
    static IPainter? Images(Space observations, int? stack)
    {
        if (observations is not BoxSpace { ElementType: ElementType.UInt8 } box || ImageLayout.Of(box) is not { } layout)
            return null;
        var frames = stack is > 1 and var known && layout.Channels % known == 0 ? known : 1;
        var channels = layout.Channels / frames;
        return channels > 1 && box.High.All(h => h == 1)
            ? new ChannelPainter(layout, channels)
            : new ImagePainter(box, layout, frames > 1 ? channels : null);
    }
}
