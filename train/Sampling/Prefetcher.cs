using System.Runtime.ExceptionServices;

namespace OfflineRL.Train.Sampling;

/// <summary>
/// Hands out batches by number, in order, filled by a thread of its own as far ahead as there are slots, or at the moment of
/// asking where there is one slot. Either way batch n is what filling with n gives.
/// </summary>
/// <typeparam name="T">A slot: memory that is filled again and again.</typeparam>
/// <param name="slots">One: no thread. More: as many batches less one are fetched ahead of the one in use.</param>
/// <param name="fill">Fills a slot with the batch of a number; called on the thread.</param>
sealed class Prefetcher<T>(T[] slots, Action<long, T> fill) : IDisposable
    where T : class
{
    readonly SemaphoreSlim _free = new(0), _filled = new(0);
    long _position;
    Thread? _thread;
    volatile bool _stop;
    ExceptionDispatchInfo? _failure;
    bool _handedOut;

    /// <summary>Number of the next batch; setting it drops what was fetched.</summary>
    public long Position
    {
        get => _position;
        set
        {
            Stop();
            _position = value;
        }
    }

    /// <summary>The batch of <see cref="Position"/>, valid until the next call.</summary>
    public T Next()
    {
        if (slots.Length == 1)
        {
            fill(_position++, slots[0]);
            return slots[0];
        }

        if (_thread is null)
            Start();
        if (_handedOut)
            _free.Release();
        _filled.Wait();
        // The thread has ended then; asking again would wait for ever.
        if (_failure is { } failure)
        {
            Stop();
            failure.Throw();
        }

        _handedOut = true;
        return slots[_position++ % slots.Length];
    }

    public void Dispose()
    {
        Stop();
        _free.Dispose();
        _filled.Dispose();
    }

    void Start()
    {
        var next = _position;
        _free.Release(slots.Length);
        _thread = new Thread(() => Fill(next)) { IsBackground = true, Name = "replay prefetch" };
        _thread.Start();
    }

    void Fill(long next)
    {
        try
        {
            while (true)
            {
                _free.Wait();
                if (_stop)
                    return;
                fill(next, slots[next % slots.Length]);
                next++;
                _filled.Release();
            }
        }
        catch (Exception e)
        {
            // Thrown where the batch is asked for: a thread's own exception would end the process.
            _failure = ExceptionDispatchInfo.Capture(e);
            _filled.Release();
        }
    }

    void Stop()
    {
        if (_thread is null)
            return;
        _stop = true;
        _free.Release();
        _thread.Join();
        _thread = null;
        _stop = _handedOut = false;
        _failure = null;
        while (_free.Wait(0) || _filled.Wait(0))
        {
        }
    }
}
