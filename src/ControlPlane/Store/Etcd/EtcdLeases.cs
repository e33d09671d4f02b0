namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>
/// Leases for objects that go by themselves (events). One lease serves many: each would cost etcd a timer and a write.
/// Source of the figures: apiserver's lease manager.
/// </summary>
internal sealed class EtcdLeases(EtcdClient client, TimeProvider time) : IDisposable
{
    private const int MostObjects = 1000;

    private static readonly TimeSpan Reuse = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _gate = new(1);
    private TimeSpan _life;
    private DateTimeOffset _until;
    private long _lease;
    private int _objects;

    /// <summary>A lease that ends no earlier than after a time, and no more than a minute later.</summary>
    public async Task<long> ForAsync(TimeSpan life, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (life != _life || _objects == MostObjects || time.GetUtcNow() > _until)
            {
                _lease = await client.GrantLeaseAsync((long)(life + Reuse).TotalSeconds, cancellation);
                (_life, _until, _objects) = (life, time.GetUtcNow() + Reuse, 0);
            }

            _objects++;
            return _lease;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();
}
