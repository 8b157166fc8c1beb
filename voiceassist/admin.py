"""The admin site's name, and the brake on guessing at its door."""

from django.contrib import admin

from voiceassist.accounts import AdminSignInForm

admin.site.site_header = "VoiceAssist"
admin.site.site_title = "VoiceAssist admin"
admin.site.index_title = "Conversations and accounts"
admin.site.login_form = AdminSignInForm
