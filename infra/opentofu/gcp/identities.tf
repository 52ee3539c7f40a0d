# The control plane runs the cloud's controller and the CSI drivers' controllers, and nobody else may change anything.
resource "google_service_account" "control_plane" {
  account_id   = "${var.cluster}-control-plane"
  display_name = "Control plane of ${var.cluster}"
}

resource "google_service_account" "node" {
  account_id   = "${var.cluster}-node"
  display_name = "Nodes of ${var.cluster}"
}

# Load balancers of Services and their firewall rules.
resource "google_project_iam_custom_role" "cloud_controller" {
  role_id     = replace("${var.cluster}_cloud_controller", "-", "_")
  title       = "Cloud controller of ${var.cluster}"
  description = "What the cloud controller manager needs: to read instances, and to keep load balancers of Services."
  permissions = [
    "compute.addresses.create",
    "compute.addresses.createInternal",
    "compute.addresses.delete",
    "compute.addresses.deleteInternal",
    "compute.addresses.get",
    "compute.addresses.list",
    "compute.addresses.use",
    "compute.addresses.useInternal",
    "compute.backendServices.create",
    "compute.backendServices.delete",
    "compute.backendServices.get",
    "compute.backendServices.update",
    "compute.backendServices.use",
    "compute.firewalls.create",
    "compute.firewalls.delete",
    "compute.firewalls.get",
    "compute.firewalls.update",
    "compute.forwardingRules.create",
    "compute.forwardingRules.delete",
    "compute.forwardingRules.get",
    "compute.forwardingRules.list",
    "compute.forwardingRules.setLabels",
    "compute.forwardingRules.use",
    "compute.healthChecks.create",
    "compute.healthChecks.delete",
    "compute.healthChecks.get",
    "compute.healthChecks.update",
    "compute.healthChecks.useReadOnly",
    "compute.instanceGroups.create",
    "compute.instanceGroups.delete",
    "compute.instanceGroups.get",
    "compute.instanceGroups.list",
    "compute.instanceGroups.update",
    "compute.instanceGroups.use",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.use",
    "compute.networks.get",
    "compute.networks.updatePolicy",
    "compute.networks.use",
    "compute.regionOperations.get",
    "compute.regions.get",
    "compute.subnetworks.get",
    "compute.subnetworks.use",
    "compute.targetPools.addInstance",
    "compute.targetPools.create",
    "compute.targetPools.delete",
    "compute.targetPools.get",
    "compute.targetPools.removeInstance",
    "compute.targetPools.use",
    "compute.zoneOperations.get",
    "compute.globalOperations.get",
    "compute.zones.list",
  ]
}

# Disks of claims; Filestore has no finer role than its editor.
resource "google_project_iam_custom_role" "disk_driver" {
  role_id     = replace("${var.cluster}_disk_driver", "-", "_")
  title       = "Persistent disk driver of ${var.cluster}"
  description = "What the CSI driver needs: to make disks and to attach them to instances."
  permissions = [
    "compute.disks.create",
    "compute.disks.createSnapshot",
    "compute.disks.delete",
    "compute.disks.get",
    "compute.disks.list",
    "compute.disks.resize",
    "compute.disks.setLabels",
    "compute.disks.use",
    "compute.instances.attachDisk",
    "compute.instances.detachDisk",
    "compute.instances.get",
    "compute.instances.list",
    "compute.snapshots.create",
    "compute.snapshots.delete",
    "compute.snapshots.get",
    "compute.snapshots.useReadOnly",
    "compute.zoneOperations.get",
    "compute.zones.list",
  ]
}

resource "google_project_iam_member" "control_plane" {
  for_each = {
    cloud_controller = google_project_iam_custom_role.cloud_controller.id
    disk_driver      = google_project_iam_custom_role.disk_driver.id
    file_driver      = "roles/file.editor"
    logs             = "roles/logging.logWriter"
  }

  project = var.project
  role    = each.value
  member  = google_service_account.control_plane.member
}

# Attaching a disk to an instance takes the right to act as the instance's identity.
resource "google_service_account_iam_member" "disk_driver" {
  for_each = {
    node          = google_service_account.node.name
    control_plane = google_service_account.control_plane.name
  }

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.control_plane.member
}

resource "google_project_iam_member" "node" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.node.member
}
