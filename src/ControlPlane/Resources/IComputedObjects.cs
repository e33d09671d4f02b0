using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Objects of a kind that are not stored but made when asked for. They have no version: what is asked for next may be another.</summary>
internal interface IComputedObjects
{
    /// <param name="ns">Empty for those of every namespace, and of a kind without namespaces.</param>
    /// <param name="filter">Which of them.</param>
    /// <param name="cancellation">Ends waiting for them.</param>
    Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation);

    /// <exception cref="StatusException">404: there is none.</exception>
    Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation);
}
