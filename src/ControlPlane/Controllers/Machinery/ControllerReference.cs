using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>The owner reference that makes one object the controller of another.</summary>
internal static class ControllerReference
{
    /// <summary>A reference to a controlling owner.</summary>
    public static OwnerReference To<T>(T owner)
        where T : IResource<T> => new()
        {
            ApiVersion = T.Resource.ApiVersion,
            Kind = T.Resource.Kind,
            Name = owner.Metadata.Name,
            UID = owner.Metadata.UID,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    /// <summary>The reference to an object's controller, if it has one.</summary>
    public static OwnerReference? Of(ObjectMeta metadata)
    {
        foreach (var reference in metadata.OwnerReferences)
        {
            if (reference.Controller == true)
            {
                return reference;
            }
        }

        return null;
    }

    /// <summary>Whether an object's controller is this one, in this life.</summary>
    public static bool IsControlledBy(ObjectMeta metadata, ObjectMeta owner) => Of(metadata)?.UID == owner.UID;
}
