using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>One port of one Service: what endpoints belong to and what rules are named after.</summary>
/// <param name="Service">The Service.</param>
/// <param name="Port">The port's name; empty when the Service's only port has none.</param>
/// <param name="Protocol">Two ports of a Service may differ in this alone.</param>
public readonly record struct ServicePortName(NamespacedName Service, string Port, TransportProtocol Protocol)
{
    /// <summary><c>ns/name:port</c>, or <c>ns/name</c> for a port without a name.</summary>
    public override string ToString() => Port.Length == 0 ? Service.ToString() : $"{Service}:{Port}";
}

/// <summary>A port allocated on every node; 0 stands for none.</summary>
/// <param name="Value">The port, in host byte order.</param>
public readonly record struct NodePort(ushort Value)
{
    /// <summary>No node port.</summary>
    public static readonly NodePort None;

    /// <summary>False for <see cref="None"/>.</summary>
    public bool IsAllocated => Value != 0;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
