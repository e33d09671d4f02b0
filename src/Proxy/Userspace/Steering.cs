using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>What the kernel does with new connections to a front end.</summary>
internal enum SteeringAction
{
    /// <summary>Nothing: there is no such front end.</summary>
    None,

    /// <summary>Brings them to a local port of the relay.</summary>
    Redirect,

    /// <summary>Refuses them.</summary>
    Reject,

    /// <summary>Ignores them.</summary>
    Drop,
}

/// <summary>An action with the local ports it redirects to; 0 for the others.</summary>
internal readonly record struct Steering(SteeringAction Action, RelayPorts Ports = default);
