terraform {
  required_version = ">= 1.8"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 8.0"
    }
  }
}

# Credentials are those of the environment (gcloud auth application-default login).
provider "google" {
  project = var.project
  region  = var.region
}
