using System.Net;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Services;

/// <summary>What one write of a Service took, and what it will give up once it is made.</summary>
internal sealed class ServiceReservation(ClusterAddressPool addresses, NodePortPool ports) : IReservation
{
    private readonly List<Action> _undo = [];
    private readonly List<Action> _onKeep = [];

    public void Taken(IPAddress address) => _undo.Add(() => addresses.Release(address));

    public void Taken(int port) => _undo.Add(() => ports.Release(port));

    public void ReleaseOnKeep(IPAddress? address)
    {
        if (address is not null)
        {
            _onKeep.Add(() => addresses.Release(address));
        }
    }

    public void ReleaseOnKeep(int port) => _onKeep.Add(() => ports.Release(port));

    public void Keep()
    {
        _undo.Clear();
        _onKeep.ForEach(release => release());
    }

    public void Dispose()
    {
        _undo.ForEach(release => release());
        _undo.Clear();
    }
}
