using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>Finds the owners that a change of an owned object concerns.</summary>
internal static class OwnerRouting
{
    /// <summary>Queues the controllers the object has and had, or, for an orphan, all that may adopt it.</summary>
    public static void Route<TOwner, T>(
        InformerChange<T> change, Lister<TOwner> owners, Func<TOwner, LabelSelectorExpression> selector, WorkQueue queue)
        where TOwner : class, IResource<TOwner>
        where T : class, IResource<T>
    {
        foreach (var obj in (ReadOnlySpan<T?>)[change.Old, change.New])
        {
            if (obj is not null && Controller<TOwner>(obj.Metadata) is { } owner)
            {
                queue.Add(owner);
            }
        }

        if (change.New is not { } orphan || orphan.Metadata.DeletionTimestamp is not null || ControllerReference.Of(orphan.Metadata) is not null)
        {
            return;
        }

        foreach (var owner in owners.In(orphan.Metadata.Namespace))
        {
            if (selector(owner).Matches(orphan.Metadata.Labels))
            {
                queue.Add(NamespacedName.Of(owner));
            }
        }
    }

    /// <summary>The controller of an object, when it is of this kind.</summary>
    public static NamespacedName? Controller<TOwner>(ObjectMeta metadata)
        where TOwner : class, IResource<TOwner> =>
        ControllerReference.Of(metadata) is { } controller
        && controller.Kind == TOwner.Resource.Kind
        && controller.ApiVersion == TOwner.Resource.ApiVersion
            ? new NamespacedName(metadata.Namespace, controller.Name)
            : null;
}
